import DRKit
import Testing

@testable import GlusterCLI

@Suite("Who is connected to a volume's bricks")
struct ClientTests {
  private func read(_ name: String, _ volume: String) throws -> [BrickClients] {
    let root = try XMLTree(parsing: try Captures.bytes("gluster-10.3-clients/\(name).xml"))
    return try ClientRows.read(root, volume: volume)
  }

  @Test("each brick's connections, by address and port")
  func connected() throws {
    let own = try read("clients-own-2bricks", "data-dr")
    #expect(own.map(\.brick.path) == ["/mnt/bricks/data-dr-1", "/mnt/bricks/data-dr-2"])
    #expect(own.allSatisfy { $0.brick.node == "b1" && $0.clients.map(\.address) == ["10.87.60.51"] })
    let busy = try read("clients-own-and-worker-2bricks", "data-dr")
    #expect(busy.map(\.clients.count) == [4, 4])
    let replicated = try read("clients-rep3-own", "data")
    #expect(replicated.map(\.clients.count) == [4, 4, 4])
    #expect(try read("clients-rep3-shd", "data").map(\.clients.count) == [3, 3, 3])
  }

  @Test("a brick that names nobody is left out: gluster says the same when it could not ask")
  func nobody() throws { #expect(try read("clients-nobody-2bricks", "data-dr") == []) }

  @Test("what is no answer about the volume's clients is malformed, naming the place")
  func malformed() throws {
    let good = String(
      decoding: try Captures.bytes("gluster-10.3-clients/clients-own-2bricks.xml"), as: UTF8.self)
    let wrongs = [
      (good.replacing("<clientCount>1<", with: "<clientCount>2<"), "2 clients in 1 rows"),
      (good.replacing("10.87.60.51:", with: "10.87.60.51 "), "is no address:port"),
      (good.replacing("<volName>data-dr<", with: "<volName>other<"), "does not hold it"),
    ]
    for (text, words) in wrongs {
      #expect(text != good)
      let root = try XMLTree(parsing: Array(text.utf8))
      let error = #expect(throws: DRError.self) { try ClientRows.read(root, volume: "data-dr") }
      #expect(
        error?.kind == .malformed && error?.reason.contains(words) == true, "\(error?.description ?? "")")
    }
  }

  @Test("an IPv6 address keeps its colons")
  func sixth() throws {
    let good = String(
      decoding: try Captures.bytes("gluster-10.3-clients/clients-own-2bricks.xml"), as: UTF8.self)
    let root = try XMLTree(parsing: Array(good.replacing("10.87.60.51:", with: "fe80::1:").utf8))
    #expect(try ClientRows.read(root, volume: "data-dr").first?.clients.first?.address == "fe80::1")
  }
}
