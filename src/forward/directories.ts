/** Where the book and the sockets are when nobody says otherwise. */
export const defaultDirectories = {
  state: "/var/lib/landfall",
  run: "/run/landfall",
} as const;

/** Where runtimes look for plugins and for their configurations, unless they are told otherwise. */
export const cniDirectories = { bin: "/opt/cni/bin", conf: "/etc/cni/net.d" } as const;
