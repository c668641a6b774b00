/*
 * The whole program, which does what the small one cannot: a single call where nobody else takes
 * it, or all that come for a while, as the daemon's stand-in (src/door/stand-in.ts).
 */
enum { ENV_MAX = 4096, BASE = 4096 };
enum { O_RDWR = 2, O_CREAT = 0100, O_CLOEXEC = 02000000, AT_FDCWD = -100 };

/* The installation writes into its copies what differs (src/install/shim.ts). */
struct { char mark[16], program[256], run[128], state[256]; } settings = {
	"LANDFALL-SHIM-1", "/usr/bin/landfall", "LANDFALL_RUN_DIR=/run/landfall",
	"LANDFALL_STATE_DIR=/var/lib/landfall" };

static char *environment[ENV_MAX], beside[BASE];

/* Returns where it is in none of its places. BUN_… would decide what it runs. */
static void run_whole(char *path, char **arguments, char **env, char *compiler)
{
	char *programs[] = { lookup(env, "LANDFALL_BIN="), settings.program, beside };
	int count = 0;

	for (; *env && count < ENV_MAX - 6; env++)
		if (!after(*env, "BUN_") && !after(*env, "NODE_OPTIONS=") && !after(*env, "NODE_PATH="))
			environment[count++] = *env;
	if (!lookup(environment, "LANDFALL_RUN_DIR="))
		environment[count++] = settings.run;
	if (!lookup(environment, "LANDFALL_STATE_DIR="))
		environment[count++] = settings.state;
	environment[count++] = "BUN_ENABLE_CRASH_REPORTING=0";
	environment[count++] = "DO_NOT_TRACK=1";
	if (compiler)
		environment[count++] = compiler;
	put(beside, beside + sizeof(beside) - 32, path);
	put(base_name(beside), beside + sizeof(beside) - 1, "landfall-full");
	for (int at = 0; at < 3; at++)
		call(SYS_EXECVE, (long)programs[at], (long)arguments, (long)environment, 0, 0, 0);
}

/* With nothing of the caller's: who waits for a pipe to end waits for all that have it. */
static __attribute__((noreturn)) void become_stand_in(char *path, char **env, long ready)
{
	char *arguments[] = { "landfall", "cni-stand-in", "3", 0 };
	long nowhere = call(SYS_OPENAT, AT_FDCWD, (long)"/dev/null", O_RDWR, 0, 0, 0);

	call(SYS_SETSID, 0, 0, 0, 0, 0, 0);
	call(SYS_CHDIR, (long)"/", 0, 0, 0, 0, 0);
	for (long at = 0; at < 3; at++)
		call(SYS_DUP3, nowhere, at, 0, 0, 0, 0);
	call(SYS_DUP3, ready, 3, 0, 0, 0, 0);
	call(SYS_CLOSE_RANGE, 4, -1U, 0, 0, 0, 0);
	if (nowhere >= 0)
		run_whole(path, arguments, env, 0);
	leave(1);
}
