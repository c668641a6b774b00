/*
 * What a container runtime starts once for every container: macvlan, ipvlan, vlan, landfall,
 * host-local and static are this program, named by argv[0]. It hands the call to the daemon, and
 * becomes the whole program where no daemon takes it. src/forward/frame.ts describes the frames.
 *
 * A call is never done twice: this program becomes the other one only when the daemon cannot have
 * done it. Otherwise a missing answer is CNI's code 11, "try again later".
 *
 * Freestanding: starting a C library would take longer than the rest. Build: scripts/build-shim.ts.
 */
#include "freestanding.h"

enum { MAGIC = 0x4c46434e, VERSION = 1, HEADER = 12, LENGTHS = 8 };
enum { REQUEST = 1, ANSWER = 2, DECLINED = 3 };
enum { FRAME_MAX = 4 << 20, ENV_MAX = 4096, SOCKET_PATH_MAX = 108 };
enum { ECONNRESET = 104, MSG_NOSIGNAL = 0x4000 };
/* The daemon ends a call well before ANSWER_S (CALL_DEADLINE in src/daemon/cni-door.ts). */
enum { INPUT_S = 30, CONNECT_S = 5, ANSWER_S = 150 };

/* The installation writes into its copies what differs (src/install/shim.ts). */
struct { char mark[16], program[256], run[128], state[256]; } settings = {
	"LANDFALL-SHIM-1", "/usr/bin/landfall", "LANDFALL_RUN_DIR=/run/landfall",
	"LANDFALL_STATE_DIR=/var/lib/landfall" };

static unsigned char request[FRAME_MAX], reply[FRAME_MAX];
static char *environment[ENV_MAX], beside[4096];

#define FAIL(code, words) \
	(write_all(1, "{\"code\":" code ",\"msg\":\"" words "\"}\n", sizeof(code words) + 18), leave(1))
#define LOST "Landfall's daemon took the call and gave no answer; what it did is not known"

/*
 * Becomes the whole program, for which `input` is read again; BUN_… would decide what it runs. With
 * input the daemon was asked: the word says so (src/forward/plugin-of.ts).
 */
static __attribute__((noreturn)) void become(char **argv, char **env, long start, long end)
{
	char *word = end > 0 ? "cni-plugin-alone" : "cni-plugin";
	char *arguments[] = { argv[0], word, base_name(argv[0]), 0 };
	char *programs[] = { lookup(env, "LANDFALL_BIN="), settings.program, beside };
	int count = 0;

	if (end > 0) {
		long input = call(SYS_MEMFD_CREATE, (long)"stdin", 0, 0, 0, 0, 0);
		write_all(input, request + start, end - start);
		call(SYS_LSEEK, input, 0, 0, 0, 0, 0);
		call(SYS_DUP3, input, 0, 0, 0, 0, 0);
	}
	for (; *env && count < ENV_MAX - 6; env++)
		if (!after(*env, "BUN_") && !after(*env, "NODE_OPTIONS=") && !after(*env, "NODE_PATH="))
			environment[count++] = *env;
	if (!lookup(environment, "LANDFALL_RUN_DIR="))
		environment[count++] = settings.run;
	if (!lookup(environment, "LANDFALL_STATE_DIR="))
		environment[count++] = settings.state;
	environment[count++] = "BUN_ENABLE_CRASH_REPORTING=0";
	/* One call is over before compiled code would have paid. */
	environment[count++] = "BUN_JSC_useBaselineJIT=0";
	environment[count++] = "DO_NOT_TRACK=1";
	put(beside, beside + sizeof(beside) - 32, argv[0]);
	put(base_name(beside), beside + sizeof(beside) - 1, "landfall-full");
	for (int at = 0; at < 3; at++)
		call(SYS_EXECVE, (long)programs[at], (long)arguments, (long)environment, 0, 0, 0);
	FAIL("11", "Landfall's daemon does not run, and its program is not where it was installed");
}

static long open_socket(char *directory)
{
	static struct { unsigned short family; char path[SOCKET_PATH_MAX]; } address = { 1, "" };
	char *end = address.path + SOCKET_PATH_MAX - 1;
	long wait[] = { CONNECT_S, 0, ANSWER_S, 0 }, socket = call(SYS_SOCKET, 1, 1, 0, 0, 0, 0);

	if (put(put(address.path, end, directory), end, "/cni.sock") == end)
		return -1;
	/* SOL_SOCKET; SO_SNDTIMEO holds for connect(2) too, and SO_RCVTIMEO */
	call(SYS_SETSOCKOPT, socket, 1, 21, (long)wait, 16, 0);
	call(SYS_SETSOCKOPT, socket, 1, 20, (long)(wait + 2), 16, 0);
	return call(SYS_CONNECT, socket, (long)&address, sizeof(address), 0, 0, 0) ? -1 : socket;
}

/* Whether the daemon answered; 0 where it cannot have done what is in `request`. */
static int ask_daemon(char **env, long end)
{
	char *run = lookup(env, "LANDFALL_RUN_DIR=");
	long socket = open_socket(run && *run ? run : after(settings.run, "LANDFALL_RUN_DIR="));
	long got = 0, need = HEADER, done;

	for (long at = 0; at < end; at += done)
		if (socket < 0 || (done = call(SYS_SENDTO, socket, (long)request + at, end - at,
					       MSG_NOSIGNAL, 0, 0)) <= 0)
			return 0;
	while (got < need) {
		done = call(SYS_RECVFROM, socket, (long)reply + got, FRAME_MAX - got, 0, 0, 0);
		/* It ended and left some of the request unread: unix_release_sock in af_unix.c. */
		if (done == -ECONNRESET && got == 0)
			return 0;
		if (done <= 0)
			FAIL("11", LOST);
		got += done;
		if (got >= HEADER)
			need = HEADER + get32(reply + 8);
		if (need > FRAME_MAX || (got >= HEADER && get32(reply) != MAGIC))
			FAIL("11", LOST);
	}
	return reply[7] != DECLINED;
}

__asm__(".globl _start\n_start: " START);

__attribute__((used)) void start(long *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + stack[0] + 1, **entry = env;
	char *at = (char *)request + HEADER + LENGTHS, *last = (char *)request + FRAME_MAX - 1;
	struct { int descriptor; short events, result; } input = { 0, 1, 0 };
	long wait[] = { INPUT_S, 0 }, done;
	char *namespace = lookup(env, "CNI_NETNS=");

	/* Somebody wants to know what this is. */
	if (!lookup(env, "CNI_COMMAND="))
		become(argv, env, 0, 0);
	char *const variables = put(at, last, base_name(argv[0]));
	for (at = variables; *entry && at < last; entry++)
		if (after(*entry, "CNI_") || after(*entry, "PATH="))
			at = put(at, last, *entry) + 1;
	/* To the daemon the path may mean another one. */
	if (namespace)
		at = put_number(put(at, last, "LANDFALL_NETNS="), last, inode_of(namespace)) + 1;
	char *const text = at;
	do {
		done = -1;
		if (call(SYS_PPOLL, (long)&input, 1, (long)wait, 0, 8, 0) > 0)
			done = call(SYS_READ, 0, (long)at, last - at, 0, 0, 0);
		at += done;
	} while (done > 0);
	if (done < 0 || at >= last)
		FAIL("5", "the configuration on stdin does not end, or is longer than 4 MiB");
	put32(request, MAGIC);
	put32(request + 4, VERSION << 16 | REQUEST);
	put32(request + 8, at - (char *)request - HEADER);
	put32(request + HEADER, variables - (char *)request - HEADER - LENGTHS);
	put32(request + HEADER + 4, text - variables);
	if (!ask_daemon(env, at - (char *)request))
		become(argv, env, text - (char *)request, at - (char *)request);
	unsigned long size = get32(reply + 8), out = get32(reply + HEADER + 4);
	if (get32(reply + 4) != (VERSION << 16 | ANSWER) || size < LENGTHS || out > size - LENGTHS)
		FAIL("11", LOST);
	write_all(2, reply + HEADER + LENGTHS + out, size - LENGTHS - out);
	write_all(1, reply + HEADER + LENGTHS, out);
	leave(get32(reply + HEADER));
}
