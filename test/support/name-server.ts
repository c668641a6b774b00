/**
 * A name server for one name: `name-server.ts ADDRESS NAME ANSWER` answers A with that address,
 * AAAA with none, and whatever else with NXDOMAIN. Prints "ready" when it listens.
 */
const [hostname = "", name = "", answer = ""] = process.argv.slice(2);

const HEADER = 12;
const TYPE_A = 1;
/** QR, RD and RA of RFC 1035, section 4.1.1. */
const ANSWERED = 0x8180;
const NO_SUCH_NAME = 3;
const SECONDS = 60;

function labelsOf(text: string): Buffer {
  const labels = text.split(".").map((label) => [Buffer.of(label.length), Buffer.from(label)]);
  return Buffer.concat([...labels.flat(), Buffer.of(0)]);
}

const wanted = labelsOf(name);

function respond(query: Buffer): Buffer {
  const end = query.indexOf(0, HEADER) + 5;
  const question = query.subarray(HEADER, end);
  const isKnown = question.subarray(0, -4).equals(wanted);
  const hasAddress = isKnown && question.readUInt16BE(question.length - 4) === TYPE_A;
  const header = Buffer.alloc(HEADER);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(isKnown ? ANSWERED : ANSWERED | NO_SUCH_NAME, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(hasAddress ? 1 : 0, 6);
  // A pointer to the question's name, type A, class IN.
  const address = answer.split(".").map(Number);
  const record = Buffer.of(0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, SECONDS, 0, 4, ...address);
  return Buffer.concat([header, question, ...(hasAddress ? [record] : [])]);
}

await Bun.udpSocket({
  hostname,
  port: 53,
  socket: {
    data: (socket, query, port, address) => {
      socket.send(respond(query), port, address);
    },
  },
});
process.stdout.write("ready\n");

export {};
