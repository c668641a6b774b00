# A stand-in as native/cni-shim.c starts it, or with other arguments the whole program.
# STAND_IN says how it behaves; what it was started with is written beside its socket.
use strict;
use warnings;
use Socket;

if ($ARGV[0] ne "cni-stand-in") {
    print "alone @ARGV\n";
    exit 1;
}
my $state = $ENV{LANDFALL_STATE_DIR};
open(my $log, ">>", "$state/started") or die;
my @open = map { readlink "/proc/$$/fd/$_" or () } 0 .. 20;
my ($session) = (split " ", `cut -d')' -f2 /proc/$$/stat`)[3];
print $log join(" ", "@ARGV", readlink("/proc/$$/cwd"), $session == $$ ? "leads" : "follows",
    grep(!/pipe|started|proc/, @open), sort grep(/^BUN_/, keys %ENV)), "\n";
close $log;
exit 1 if $ENV{STAND_IN} eq "ends";
sleep 30 if $ENV{STAND_IN} eq "sleeps";

unlink "$state/stand-in.sock";
socket(my $door, AF_UNIX, SOCK_STREAM, 0) or die;
bind($door, pack_sockaddr_un("$state/stand-in.sock")) or die;
listen($door, 100) or die;
# Nobody may come before that: one who starts it late would start another.
select(undef, undef, undef, 0.2);
open(my $ready, ">&=", $ARGV[1]) or die;
close $ready;
$SIG{ALRM} = sub { exit };
for (;;) {
    alarm 5;
    accept(my $caller, $door);
    sysread($caller, my $request, 100000);
    # "LFCN", version 1, an answer: exit status 0, "by the stand-in" on stdout, nothing on stderr.
    syswrite($caller, pack("a4nnNNNa*", "LFCN", 1, 2, 23, 0, 15, "by the stand-in"));
}
