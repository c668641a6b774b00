/** Where the book and the sockets are when nobody says otherwise. */
export const defaultDirectories = {
  state: "/var/lib/landfall",
  run: "/run/landfall",
} as const;
