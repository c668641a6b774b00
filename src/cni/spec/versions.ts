/** Every version of the specification that has been published, oldest first. */
export const cniVersions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

export type CniVersion = (typeof cniVersions)[number];

/** What a plugin speaks when nobody asked for a version. */
export const latestVersion: CniVersion = "1.1.0";

/** A configuration without a version is of this one (section "Versioning" of 0.2.0 and before). */
export const unnamedVersion: CniVersion = "0.1.0";

/** The version of that name, as long as it is one that we speak. */
export function knownVersion(text: string): CniVersion | undefined {
  return cniVersions.find((version) => version === text);
}

/** Whether `version` is `floor` or newer. */
export function isAtLeast(version: CniVersion, floor: CniVersion): boolean {
  return cniVersions.indexOf(version) >= cniVersions.indexOf(floor);
}

/** The answer to VERSION. */
export function encodeVersions(): string {
  return JSON.stringify({ cniVersion: latestVersion, supportedVersions: cniVersions });
}

/** What a plugin says, on stderr, to a person who starts it without any CNI_COMMAND. */
export function aboutText(plugin: string, version: string): string {
  return (
    `CNI plugin ${plugin} ${version} (Landfall)\n` +
    `CNI protocol versions supported: ${cniVersions.join(", ")}\n`
  );
}
