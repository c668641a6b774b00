/* Who may do a call: the daemon, or where none runs its stand-in (src/door/stand-in.ts). */
#define STAND_IN_SOCKET "/stand-in.sock"
#define STAND_IN_LOCK "/stand-in.lock"
enum { SOCKET_PATH_MAX = 108, LOCK_EX = 2, SIGCHLD = 17 };
/* Both end a call well before ANSWER_S (`usual` in src/door/cni-door.ts). */
enum { CONNECT_S = 5, ANSWER_S = 150, READY_S = 5 };

static long open_socket(char *directory, char *name)
{
	static struct { unsigned short family; char path[SOCKET_PATH_MAX]; } address = { 1, "" };
	char *end = address.path + SOCKET_PATH_MAX - 1;
	long wait[] = { CONNECT_S, 0, ANSWER_S, 0 }, socket;

	/* AF_UNIX, SOCK_STREAM */
	socket = call(SYS_SOCKET, 1, 1 | O_CLOEXEC, 0, 0, 0, 0);
	if (put(put(address.path, end, directory), end, name) == end)
		return -1;
	/* SOL_SOCKET; SO_SNDTIMEO holds for connect(2) too, and SO_RCVTIMEO */
	call(SYS_SETSOCKOPT, socket, 1, 21, (long)wait, 16, 0);
	call(SYS_SETSOCKOPT, socket, 1, 20, (long)(wait + 2), 16, 0);
	return call(SYS_CONNECT, socket, (long)&address, sizeof(address), 0, 0, 0) ? -1 : socket;
}

/* The way to the daemon, or an error. */
static long open_daemon(char **env)
{
	char *run = lookup(env, "LANDFALL_RUN_DIR=");

	return open_socket(run && *run ? run : after(settings.run, "LANDFALL_RUN_DIR="), "/cni.sock");
}

/* Returns when it has closed its end of a pipe: it listens, or it ended. */
static void start_stand_in(char *path, char **env)
{
	int ends[2];

	if (call(SYS_PIPE2, (long)ends, 0, 0, 0, 0, 0))
		return;
	if (call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0, 0) == 0)
		become_stand_in(path, env, ends[1]);
	call(SYS_CLOSE, ends[1], 0, 0, 0, 0, 0);
	is_readable(ends[0], READY_S);
	call(SYS_CLOSE, ends[0], 0, 0, 0, 0, 0);
}

/* Whoever has it may start a stand-in, and a stand-in that has it may end; or an error. */
static long lock_stand_in(char *state)
{
	char name[BASE], *end = name + BASE - 1;
	long lock;

	if (put(put(name, end, state), end, STAND_IN_LOCK) == end)
		return -1;
	lock = call(SYS_OPENAT, AT_FDCWD, (long)name, O_RDWR | O_CREAT | O_CLOEXEC, 0600, 0, 0);
	if (lock >= 0 && call(SYS_FLOCK, lock, LOCK_EX, 0, 0, 0, 0))
		return -1;
	return lock;
}

/* The way to the daemon's stand-in, which is started where none is; or an error. */
static long open_stand_in(char *path, char **env)
{
	char *state = lookup(env, "LANDFALL_STATE_DIR="), *wish = lookup(env, "LANDFALL_STAND_IN=");
	long lock, socket = -1;

	if (!state || !*state)
		state = after(settings.state, "LANDFALL_STATE_DIR=");
	/* What is said of versions is the same wherever, and nothing may follow. */
	if ((wish && after(wish, "no")) || lookup(env, "CNI_COMMAND=VERSION"))
		return -1;
	if ((socket = open_socket(state, STAND_IN_SOCKET)) >= 0 || (lock = lock_stand_in(state)) < 0)
		return socket;
	/* Of those who come at once the first starts it, and the others find it. */
	if ((socket = open_socket(state, STAND_IN_SOCKET)) < 0) {
		start_stand_in(path, env);
		socket = open_socket(state, STAND_IN_SOCKET);
	}
	call(SYS_CLOSE, lock, 0, 0, 0, 0, 0);
	return socket;
}
