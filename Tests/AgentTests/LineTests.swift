import AgentProtocol
import DRKit
import Testing

@Suite("The lines of an agent")
struct LineTests {
  static let hash = BlockHash(1, 2, 3, .max)
  static let all: [AgentLine] = [
    .hello(version: 1, threads: 2), .missing, .file(size: .max, block: 1 << 26, blocks: 7),
    .block(BlockDigests.Block(index: 5, hash: hash)), .alive(bytes: 12), .done(blocks: 7, root: hash),
    .failed(DRError(.disproved, "digest", "ü\n\"x\"", reason: "line\nfeed", remedy: "\u{1F600}/")),
  ]

  @Test("are one JSON object each, and come back as they were", arguments: all)
  func roundTrip(_ line: AgentLine) throws {
    let bytes = line.bytes
    #expect(bytes.last == UInt8(ascii: "\n"))
    #expect(bytes.dropLast().contains(UInt8(ascii: "\n")) == false)
    #expect(bytes.first == UInt8(ascii: "{"))
    #expect(try AgentLine(bytes.dropLast()) == line)
  }

  @Test("may hold keys that are not known yet")
  func later() throws {
    let line = #"{"say":"hello","protocol":1,"threads":2,"colour":"red"}"#
    #expect(try AgentLine(Array(line.utf8)) == .hello(version: 1, threads: 2))
  }

  @Test(
    "are refused where they say nothing of this protocol",
    arguments: [
      "", "Welcome to gluster-b1", "{}", #"{"say":"sing"}"#, #"{"say":"hello"}"#,
      #"{"say":"block","index":1}"#,
      #"{"say":"block","index":1,"sha256":"00"}"#,
      #"{"say":"block","index":99999999999999999999,"sha256":"00"}"#,
      #"{"say":"file","size":-1,"block":1,"blocks":0}"#, #"{"say":"file","size":1,"block":0,"blocks":0}"#,
      #"{"say":"done","blocks":1}"#, #"{"say":"error"}"#, #"{"say":"error","error":{"kind":"new"}}"#,
      #"{"say":"missing""#, String(repeating: "x", count: 70_000),
    ])
  func malformed(_ line: String) throws {
    let error = #expect(throws: DRError.self) { try AgentLine(Array(line.utf8)) }
    #expect(error?.kind == .malformed)
    #expect((error?.reason.count ?? 999) < 200)
  }
}

@Suite("An agent's command line")
struct RequestTests {
  static let orders: [DigestOrder] = [
    DigestOrder(.volume(server: "b1", name: "data-dr"), "images/a b/'c'", DigestPlan(block: 64 << 20)),
    DigestOrder(
      .directory("/x y"), "-f", DigestPlan(block: 1, sample: BlockSample(count: 64, seed: .max)),
      rate: 1 << 20, threads: 256),
    {
      var order = DigestOrder(.volume(server: "b1", name: "data-dr"), "f", DigestPlan(block: 1))
      order.backupServers = ["b2", "b3"]
      return order
    }(),
  ]

  @Test("means at one end what the other meant", arguments: orders)
  func roundTrip(_ order: DigestOrder) throws {
    let request = AgentRequest.digest(order)
    #expect(try AgentRequest(arguments: request.arguments) == request)
    #expect(try AgentRequest(arguments: AgentRequest.hello.arguments) == .hello)
  }

  @Test(
    "is refused with the word that is wrong",
    arguments: [
      ("", "first word"), ("listen", "listen"), ("hello --rate 1", "hello"),
      ("digest --directory /x --path f", "--block"), ("digest --directory /x --block 1", "--path"),
      ("digest --path f --block 1", "--directory"),
      ("digest --directory /x --server a --path f --block 1", "--directory"),
      ("digest --volume v --path f --block 1", "--server"),
      ("digest --directory /x --backup-servers a --path f --block 1", "--server"),
      ("digest --directory /x --path f --block 0", "--block"),
      ("digest --directory /x --path f --block 64MiB", "64MiB"),
      ("digest --directory /x --path f --block 1 --sample 4", "--seed"),
      ("digest --directory /x --path f --block 1 --sample 0 --seed 1", "--sample"),
      ("digest --directory /x --path f --block 1 --seed -1 --sample 1", "--seed"),
      ("digest --directory /x --path f --block 1 --threads 257", "--threads"),
      ("digest --directory /x --path f --block 1 --rate 1", "--rate"),
      ("digest --directory /x --path f --block 1 --block 1", "twice"),
      ("digest --directory /x --path f --block", "no value"),
      ("digest --directory /x --path f --block 1 --port 22", "--port"),
    ])
  func unfit(_ line: String, _ word: String) {
    let error = #expect(throws: DRError.self) {
      try AgentRequest(arguments: line.split(separator: " ").map(String.init))
    }
    #expect(error?.kind == .unfit)
    #expect(error?.reason.contains(word) == true, "\(error?.reason ?? "")")
  }
}
