#!/usr/bin/env bash
# `npm run build [-- FILE]`: one program with everything in it, by default dist/landfall.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=scripts/dependencies.sh
. scripts/dependencies.sh
provide_dependencies

out=${1:-dist/landfall}
mkdir -p "$(dirname "$out")"
# The two --no-…: a bunfig.toml or .env where somebody starts the program must not have a say.
"$bun" build src/main.ts --compile --minify-syntax --bytecode --sourcemap=none \
  --no-compile-autoload-bunfig --no-compile-autoload-dotenv --outfile "$out"
