#!/usr/bin/env bash
# `npm run build [-- FILE]`: one program with everything in it, by default dist/landfall, and the
# CNI plugins in the folder cni beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=scripts/dependencies.sh
. scripts/dependencies.sh
provide_dependencies

out=${1:-dist/landfall}
mkdir -p "$(dirname "$out")"
# The two --no-…: a bunfig.toml or .env where somebody starts the program must not have a say.
# --splitting: who is started as a plugin does not read what the command line needs.
"$bun" build src/main.ts --compile --minify-syntax --bytecode --sourcemap=none \
  --splitting --format=esm --no-compile-autoload-bunfig --no-compile-autoload-dotenv \
  --outfile "$out"

# What goes into /opt/cni/bin: a small program for each plugin, and the one that they become when no
# daemon runs.
plugins=$(dirname "$out")/cni
rm -rf -- "$plugins"
mkdir "$plugins"
"$bun" scripts/write-plugins.ts "$plugins"
ln -- "$out" "$plugins/landfall-full"
