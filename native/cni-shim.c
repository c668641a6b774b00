/*
 * What a container runtime starts once for every container: macvlan, ipvlan, vlan, landfall,
 * host-local and static are this program, named by argv[0]. It hands the call to the daemon, or to
 * its stand-in where none runs, and becomes the whole program where neither takes it.
 * src/forward/frame.ts describes the frames.
 *
 * A call is never done twice: this program becomes the other one only when nobody else can have
 * done it. Otherwise a missing answer is CNI's code 11, "try again later".
 *
 * Freestanding: starting a C library would take longer than the rest. Build: scripts/build-shim.ts.
 */
#include "freestanding.h"
#include "whole-program.h"
#include "daemon-sockets.h"

enum { MAGIC = 0x4c46434e, VERSION = 1, HEADER = 12, LENGTHS = 8 };
enum { REQUEST = 1, ANSWER = 2, DECLINED = 3 };
enum { FRAME_MAX = 4 << 20 };
enum { ECONNRESET = 104, MSG_NOSIGNAL = 0x4000 };
enum { INPUT_S = 30 };

static unsigned char request[FRAME_MAX], reply[FRAME_MAX];

#define FAIL(code, words) \
	(write_all(1, "{\"code\":" code ",\"msg\":\"" words "\"}\n", sizeof(code words) + 18), leave(1))
#define LOST "Landfall took the call and gave no answer; what it did is not known"

/*
 * Becomes the whole program, for which `input` is read again. With input the daemon was asked: the
 * word says so (src/forward/plugin-of.ts).
 */
static __attribute__((noreturn)) void become(char **argv, char **env, long start, long end)
{
	char *word = end > 0 ? "cni-plugin-alone" : "cni-plugin";
	char *arguments[] = { argv[0], word, base_name(argv[0]), 0 };

	if (end > 0) {
		long input = call(SYS_MEMFD_CREATE, (long)"stdin", 0, 0, 0, 0, 0);
		write_all(input, request + start, end - start);
		call(SYS_LSEEK, input, 0, 0, 0, 0, 0);
		call(SYS_DUP3, input, 0, 0, 0, 0, 0);
	}
	/* One call is over before compiled code would have paid. */
	run_whole(argv[0], arguments, env, "BUN_JSC_useBaselineJIT=0");
	FAIL("11", "Landfall's daemon does not run, and its program is not where it was installed");
}

/* Whether who is at the socket answered; 0 where it cannot have done what is in `request`. */
static int ask(long socket, long end)
{
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
	long done;
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
	/* A stand-in serves those who see the machine as it does. */
	at = put_number(put(at, last, "LANDFALL_HOME="), last, inode_of("/proc/self/ns/net")) + 1;
	at = put_number(put(at, last, "LANDFALL_MOUNTS="), last, inode_of("/proc/self/ns/mnt")) + 1;
	char *const text = at;
	do {
		done = -1;
		if (is_readable(0, INPUT_S))
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
	done = at - (char *)request;
	if (!ask(open_daemon(env), done) && !ask(open_stand_in(argv[0], env), done))
		become(argv, env, text - (char *)request, done);
	unsigned long size = get32(reply + 8), out = get32(reply + HEADER + 4);
	if (get32(reply + 4) != (VERSION << 16 | ANSWER) || size < LENGTHS || out > size - LENGTHS)
		FAIL("11", LOST);
	write_all(2, reply + HEADER + LENGTHS + out, size - LENGTHS - out);
	write_all(1, reply + HEADER + LENGTHS, out);
	leave(get32(reply + HEADER));
}
