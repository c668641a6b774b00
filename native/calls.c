/*
 * Four position-independent functions, kept as bytes in src/platform/native-code.ts.
 *
 * Why native: JavaScript engines start helper threads at any time, and a thread inherits the
 * network namespace of the one that starts it. A namespace entered from JavaScript would therefore
 * be pinned by such a thread long after it was left. Here entering, the one call, and leaving are a
 * single native call: no JavaScript runs in between, so no thread can be started there.
 *
 * Freestanding: no libc, no data, no relocations. Build: scripts/build-native.ts.
 */

#define CLONE_NEWNET 0x40000000L

#include "system-call.h"

/* One system call: the result, or -errno. Needs no errno, which no one promises to survive FFI. */
__attribute__((section(".text.system_call"))) long
system_call(long nr, long a, long b, long c, long d, long e, long f)
{
	return call(nr, a, b, c, d, e, f);
}

/*
 * Enters `target` (or a new namespace when it is -1), makes one system call there, returns to
 * `home`. The result of the call, or -errno of whatever was refused first. A thread that cannot
 * return would work in the wrong namespace from then on, so that ends the process.
 */
__attribute__((section(".text.netns_window"))) long
netns_window(long target, long home, long nr, long a, long b, long c)
{
	long result = target == -1 ? call(SYS_UNSHARE, CLONE_NEWNET, 0, 0, 0, 0, 0)
				   : call(SYS_SETNS, target, CLONE_NEWNET, 0, 0, 0, 0);

	if (result < 0)
		return result;
	result = call(nr, a, b, c, 0, 0, 0);
	if (call(SYS_SETNS, home, CLONE_NEWNET, 0, 0, 0, 0) < 0)
		__builtin_trap();
	return result;
}

/* One system call for another thread; src/platform/errand.ts writes it. */
struct errand {
	long nr, a, b, c, d, e, f;
	/* A socket of datagrams, which hears of the end: `ticket` and `result`. */
	long done;
	long ticket;
	long result;
};

/*
 * The whole life of a thread that pthread_create(3) starts: a system call that may take long, off
 * the thread that must not wait. No JavaScript runs in it, so it needs no engine, no heap and no
 * time to start.
 */
__attribute__((section(".text.run_errand"))) void *run_errand(struct errand *errand)
{
	errand->result = call(errand->nr, errand->a, errand->b, errand->c, errand->d, errand->e,
			      errand->f);
	call(SYS_WRITE, errand->done, (long)&errand->ticket, 2 * sizeof(long), 0, 0, 0);
	return 0;
}

/* include/uapi/linux/if_packet.h, behind a struct cmsghdr */
struct auxdata {
	unsigned long size;
	int level, type;
	unsigned int status, length, captured;
	unsigned short mac, network, tci, protocol;
};

#define SOL_PACKET 263
#define PACKET_AUXDATA 8
#define VLAN_VALID 0x10u
#define VLAN_PROTOCOL_VALID 0x40u
#define ADDRESSES 12

/*
 * One frame of a packet socket with PACKET_AUXDATA, as it was on the wire: the kernel takes the
 * outermost VLAN tag out and tells it beside. `frame` has room for four bytes more than `size`. Its
 * length, which is more than was taken where it did not fit (MSG_TRUNC among the flags), or -errno.
 */
__attribute__((section(".text.receive_frame"))) long
receive_frame(long socket, unsigned char *frame, long size, long flags)
{
	struct auxdata aux;
	long part[2] = { (long)frame, size };
	/* struct msghdr: name and its length, parts and their count, control and its size, flags */
	long message[7] = { 0, 0, (long)part, 1, (long)&aux, sizeof(aux), 0 };
	long length = call(SYS_RECVMSG, socket, (long)message, flags, 0, 0, 0);

	if (length < ADDRESSES || length > size || message[5] < (long)sizeof(aux) ||
	    aux.level != SOL_PACKET || aux.type != PACKET_AUXDATA || !(aux.status & VLAN_VALID))
		return length;
	for (long at = length; at > ADDRESSES; at--)
		frame[at + 3] = frame[at - 1];
	unsigned int tag = (aux.status & VLAN_PROTOCOL_VALID ? aux.protocol : 0x8100u) << 16 | aux.tci;
	for (int byte = 0; byte < 4; byte++)
		frame[ADDRESSES + byte] = tag >> (24 - 8 * byte);
	return length + 4;
}
