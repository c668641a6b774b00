/* One system call without libc: the result, or -errno. */

#if defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_CLOSE = 3, SYS_LSEEK = 8, SYS_SOCKET = 41,
       SYS_CONNECT = 42, SYS_SENDTO = 44, SYS_RECVFROM = 45, SYS_RECVMSG = 47,
       SYS_SETSOCKOPT = 54, SYS_CLONE = 56, SYS_EXECVE = 59, SYS_FLOCK = 73, SYS_CHDIR = 80,
       SYS_SETSID = 112, SYS_EXIT_GROUP = 231, SYS_OPENAT = 257, SYS_PPOLL = 271,
       SYS_UNSHARE = 272, SYS_DUP3 = 292, SYS_PIPE2 = 293, SYS_SETNS = 308,
       SYS_MEMFD_CREATE = 319, SYS_STATX = 332, SYS_CLOSE_RANGE = 436 };

/* The first instructions of a program: `start` gets the stack as execve(2) leaves it. */
#define START "mov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start"

static inline __attribute__((always_inline)) long call(long nr, long a, long b, long c, long d,
                                                       long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_CLOSE = 57, SYS_LSEEK = 62, SYS_SOCKET = 198,
       SYS_CONNECT = 203, SYS_SENDTO = 206, SYS_RECVFROM = 207, SYS_RECVMSG = 212,
       SYS_SETSOCKOPT = 208, SYS_CLONE = 220, SYS_EXECVE = 221, SYS_FLOCK = 32, SYS_CHDIR = 49,
       SYS_SETSID = 157, SYS_EXIT_GROUP = 94, SYS_OPENAT = 56, SYS_PPOLL = 73,
       SYS_UNSHARE = 97, SYS_DUP3 = 24, SYS_PIPE2 = 59, SYS_SETNS = 268,
       SYS_MEMFD_CREATE = 279, SYS_STATX = 291, SYS_CLOSE_RANGE = 436 };

#define START "mov x0, sp\n\tbl start"

static inline __attribute__((always_inline)) long call(long nr, long a, long b, long c, long d,
                                                       long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "no system call convention for this architecture"
#endif
