import DRKit
import Testing

@testable import TestBed

@Suite struct `QMP against a scripted monitor` {
  private static let greeting =
    #"{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7}},"capabilities":["oob"]}}"#

  private static func open(_ peer: UnixSocket) throws(DRError) {
    try peer.say(greeting + "\r\n")
    try peer.hear(#"{"execute":"qmp_capabilities","id":1}"# + "\n")
    try peer.say(#"{"return":{},"id":1}"# + "\n")
  }

  private func connect(_ peer: LabPeer) throws -> QMPConnection {
    try QMPConnection(peer.socket, until: LabDeadline(in: .seconds(300)))
  }

  @Test func `answers are matched by id, events in between are kept in order`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(#"{"execute":"block-commit","arguments":{"job-id":"c"},"id":2}"# + "\n")
      try peer.say(#"{"event":"JOB_STATUS_CHANGE","data":{"status":"created","id":"c"}}"# + "\n{\"event\":")
      try peer.say(#""JOB_STATUS_CHANGE","data":{"status":"running","id":"c"}}"# + "\n")
      try peer.say(#"{"return":{"n":5},"id":2}"# + "\n" + #"{"event":"X","data":{}}"# + "\n")
      try peer.say(#"{"event":"JOB_STATUS_CHANGE","data":{"status":"ready","id":"c"}}"# + "\n")
      try peer.hearTheEnd()
    }
    try {
      let qmp = try connect(peer)
      #expect(try qmp.execute("block-commit", ["job-id": "c"])["n"]?.integer == 5)
      let ready = try qmp.event("ready", within: .seconds(300)) { $0.data["status"]?.string == "ready" }
      #expect(ready.name == "JOB_STATUS_CHANGE")
      let first = try qmp.event("anything", within: .seconds(300)) { _ in true }
      #expect(first.data["status"]?.string == "created")
    }()
    try peer.finish()
  }

  @Test func `QEMU's refusal is one error with class and description`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(#"{"execute":"transaction","arguments":{"actions":[]},"id":2}"# + "\n")
      try peer.say(
        #"{"id":2,"error":{"class":"GenericError","desc":"Cannot find device='x' nor node-name='x'"}}"# + "\n"
      )
    }
    let qmp = try connect(peer)
    let error = try #require(throws: DRError.self) { try qmp.execute("transaction", ["actions": []]) }
    #expect(error.kind == .refused && error.operation == "QMP transaction")
    #expect(error.reason == "GenericError: Cannot find device='x' nor node-name='x'")
    try peer.finish()
  }

  @Test func `an answer that comes after its deadline is dropped`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(#"{"execute":"slow","id":2}"# + "\n")
      try peer.hear(#"{"execute":"fast","id":3}"# + "\n")
      try peer.say(#"{"return":"late","id":2}"# + "\n" + #"{"return":"mine","id":3}"# + "\n")
    }
    let qmp = try connect(peer)
    let error = try #require(throws: DRError.self) { try qmp.execute("slow", within: .milliseconds(50)) }
    #expect(error.kind == .timedOut && error.operation == "QMP slow")
    #expect(try qmp.execute("fast") == "mine")
    try peer.finish()
  }

  @Test(arguments: [
    (#"{"hello":1}"# + "\n", DRError.Kind.malformed), ("not json\n", .malformed), ("", .transient),
    (#"{"QMP":"#, .transient),
  ])
  func `what is no monitor is one error`(words: String, kind: DRError.Kind) throws {
    let peer = try LabPeer { (peer) throws(DRError) in try peer.say(words) }
    let error = try #require(throws: DRError.self) { try connect(peer) }
    #expect(error.kind == kind)
    try peer.finish()
  }

  @Test func `a monitor that hangs up in mid-command is gone, and an event that never comes has a deadline`()
    throws
  {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(#"{"execute":"quit","id":2}"# + "\n")
    }
    let qmp = try connect(peer)
    let late = try #require(throws: DRError.self) {
      try qmp.event("job c to be ready", within: .milliseconds(30)) { _ in true }
    }
    #expect(late.kind == .timedOut && late.operation == "wait for job c to be ready")
    let gone = try #require(throws: DRError.self) { try qmp.execute("quit") }
    #expect(gone.kind == .transient)
    try peer.finish()
  }
}
