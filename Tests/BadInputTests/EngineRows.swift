import DRKit
import Testing

@testable import OVirtClient

/// Answers every request but the login with the same reply.
private struct OneReply: OVirtTransport {
  var reply: OVirtReply
  var login = OVirtReply(status: 200, body: Array("{\"access_token\":\"t\"}".utf8))

  func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    request.path.contains("/sso/") ? login : reply
  }
  func shutdown() async {}
}

private struct NoClock: DRClock {
  var now: Instant { Instant(epochSeconds: 1_700_000_000) }
  var uptime: TimeSpan { .zero }
  func sleep(for span: TimeSpan) async throws(DRError) { throw .stopped }
}

extension BadInput {
  private static let id = "11111111-1111-1111-1111-111111111111"
  private static let vm = Identifier<VirtualMachineKind>(id) ?? .blank

  private static func reply(_ status: Int, _ body: some Sequence<UInt8>, _ type: String) -> OVirtReply {
    OVirtReply(status: status, headers: [.init("Content-Type", type)], body: Array(body))
  }

  private static func manager(_ transport: OneReply) throws -> OVirtManager {
    let who = OVirtCredentials(user: "admin@internal", password: "s3cret")
    let address = try EngineAddress(url: "https://engine.example")
    let session = OVirtSession(address: address, credentials: who, transport: transport)
    return OVirtManager(session: session, clock: NoClock())
  }

  private static func disks(_ shown: String, status: Int = 200, _ body: String) -> BadInput {
    BadInput(.engine, shown) {
      let transport = OneReply(reply: reply(status, body.utf8, "application/json"))
      _ = try await manager(transport).disks(of: vm)
    }
  }

  /// A disk in which one thing is wrong.
  private static func disk(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    let good = """
      {"disk_attachment":[{"active":"true","disk":{"id":"\(id)","alias":"d","image_id":"\(id)","format":"cow",\
      "status":"ok","provisioned_size":"1073741824","storage_type":"image"}}]}
      """
    return BadInput(.engine, shown ?? new) {
      let body = try changed(good, old, new)
      _ = try await manager(OneReply(reply: reply(200, body.utf8, "application/json"))).disks(of: vm)
    }
  }

  private static func log(_ shown: String, _ body: String) -> BadInput {
    BadInput(.engine, "the log: \(shown)") {
      let transport = OneReply(reply: reply(200, body.utf8, "application/json"))
      _ = try await manager(transport).machineEvents(after: 7)
    }
  }

  /// An event in which one thing is wrong.
  private static func event(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    let good = "{\"index\":\"8\",\"code\":\"61\",\"time\":1700000000000,\"vm\":{\"id\":\"\(id)\"}}"
    return log(shown ?? new, "{\"event\":[\(good.replacing(old, with: new))]}")
  }

  private static func login(_ shown: String, _ status: Int, _ body: String) -> BadInput {
    BadInput(.engine, "login: \(shown)") {
      let transport = OneReply(
        reply: OVirtReply(status: 200), login: reply(status, body.utf8, "application/json"))
      _ = try await manager(transport).disks(of: vm)
    }
  }

  static let engineRows: [BadInput] = [
    BadInput(.engine, "200, a page of HTML") {
      let transport = OneReply(reply: reply(200, "<html>Welcome</html>".utf8, "text/html"))
      _ = try await manager(transport).disks(of: vm)
    },
    BadInput(.engine, "200, bytes that are no UTF-8") {
      let transport = OneReply(
        reply: reply(200, [0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d], "application/json"))
      _ = try await manager(transport).disks(of: vm)
    },
    disks("200, nothing", ""),
    disks("200, cut off: {\"disk_attachment\":[{\"id\"", "{\"disk_attachment\":[{\"id\""),
    disks("200, {}{}", "{}{}"), disks("200, []", "[]"), disks("200, {\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"),
    disks("200, lists 1,000 deep", "{\"a\":" + String(repeating: "[", count: 1_000)),
    disks("200, {\"disk_attachment\":7}", "{\"disk_attachment\":7}"),
    disk("\"provisioned_size\":\"1073741824\"", "\"provisioned_size\":\"99999999999999999999\""),
    disk("\"provisioned_size\":\"1073741824\"", "\"provisioned_size\":-1"),
    disk("\"provisioned_size\":\"1073741824\"", "\"provisioned_size\":[]"),
    disk("\"image_id\":\"\(id)\",", "", as: "a disk without image_id"),
    disk("\"id\":\"\(id)\"", "\"id\":\"7\""), disk("\"status\":\"ok\"", "\"status\":\"melted\""),
    disk("\"active\":\"true\"", "\"active\":\"maybe\""),
    disk("\"storage_type\":\"image\"", "\"storage_type\":null"),
    disks("403", status: 403, ""), disks("404, a page of HTML", status: 404, "<html>Not Found</html>"),
    disks("302", status: 302, ""), disks("503", status: 503, "<html>Service Unavailable</html>"),
    login("200 without access_token", 200, "{\"token\":\"x\"}"),
    login("a token with a line feed", 200, "{\"access_token\":\"a\\nHost: b\"}"),
    login(
      "access_denied", 400,
      "{\"error_code\":\"access_denied\",\"error\":\"Cannot authenticate user 'admin@internal' with 's3cret'\"}"
    ),
    login("404", 404, "<html></html>"),
    log("the event of the cut is not there any more", "{}"),
    event("\"index\":\"8\",", "", as: "an event without index and id"),
    event("\"index\":\"8\"", "\"index\":\"-8\""), event("\"code\":\"61\"", "\"code\":\"down\""),
    event("\"code\":\"61\",", "", as: "an event without code"),
    event("1700000000000", "\"yesterday\""), event("1700000000000", "9223372036854775807"),
    event("\"id\":\"\(id)\"", "\"id\":\"7\""),
  ]
}
