/* What stands in for a C library, where its start would take too long. */
#include "system-call.h"

/* What follows `prefix` in `text`, or nothing. */
static char *after(char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return 0;
	return text;
}

static char *lookup(char **list, const char *prefix)
{
	char *value = 0;
	while (*list && !(value = after(*list, prefix)))
		list++;
	return value;
}

static char *base_name(char *path)
{
	char *name = path;
	while (*path)
		if (*path++ == '/')
			name = path;
	return name;
}

/* Copies a text up to and with its zero byte; where that is, or `end` when it does not fit. */
static char *put(char *to, char *end, const char *text)
{
	while (to < end && (*to = *text++))
		to++;
	return to;
}

/* A number as decimal text, as `put`. */
static char *put_number(char *to, char *end, unsigned long value)
{
	char digits[24], *first = digits + 23;

	*first = 0;
	do
		*--first = '0' + value % 10;
	while (value /= 10);
	return put(to, end, first);
}

static void put32(unsigned char *to, unsigned long value)
{
	for (int at = 0; at < 4; at++)
		to[at] = value >> (24 - 8 * at);
}

static unsigned long get32(const unsigned char *from)
{
	return (unsigned long)from[0] << 24 | from[1] << 16 | from[2] << 8 | from[3];
}

/* 0 where there is nothing. */
static unsigned long inode_of(const char *path)
{
	/* struct statx: stx_ino is its fifth word, STATX_INO asks for it */
	unsigned long status[32];

	return call(SYS_STATX, -100, (long)path, 0, 0x100, (long)status, 0) ? 0 : status[4];
}

/* Whether there is something to read, or the end of it, before so many seconds have gone by. */
static int is_readable(int descriptor, long seconds)
{
	struct { int descriptor; short events, result; } input = { descriptor, 1, 0 };
	long wait[] = { seconds, 0 };

	return call(SYS_PPOLL, (long)&input, 1, (long)wait, 0, 8, 0) > 0;
}

static void write_all(long to, const void *from, long length)
{
	for (long at = 0, done; at < length; at += done)
		if ((done = call(SYS_WRITE, to, (long)from + at, length - at, 0, 0, 0)) <= 0)
			return;
}

static __attribute__((noreturn)) void leave(long status)
{
	for (;;)
		call(SYS_EXIT_GROUP, status, 0, 0, 0, 0, 0);
}
