import DRKit
import Testing

@testable import OVirtClient

struct FaultCase: CustomTestStringConvertible, Sendable {
  var status: Int
  var body: String
  var kind: DRError.Kind
  var reason: String
  var testDescription: String { "\(status) \(body.prefix(60))" }

  init(_ status: Int, _ body: String, _ kind: DRError.Kind, _ reason: String) {
    self.status = status
    self.body = body
    self.kind = kind
    self.reason = reason
  }
}

private func fault(_ detail: String) -> String { #"{"detail":"[\#(detail)]","reason":"Operation Failed"}"# }

private let faults: [FaultCase] = [
  FaultCase(
    409, fault("Cannot create Snapshot: VM is locked. Please try again in a few minutes."), .transient,
    "VM is locked"),
  FaultCase(409, fault("Storage Domain OVF data is currently being updated."), .transient, "being updated"),
  FaultCase(409, fault("Low disk space on Storage Domain data."), .transient, "Low disk"),
  FaultCase(409, fault("Cannot create Snapshot. VM is previewing a Snapshot."), .refused, "previewing"),
  FaultCase(409, fault("The image already exists."), .refused, "already exists"),
  FaultCase(500, fault("The following attached disks are in ILLEGAL status: d1"), .refused, "ILLEGAL"),
  FaultCase(500, fault("Internal Engine Error"), .transient, "Internal"),
  FaultCase(500, "<html>", .transient, "HTTP 500"),
  FaultCase(502, "", .transient, "HTTP 502"),
  FaultCase(503, "<html>Service Unavailable</html>", .transient, "HTTP 503"),
  FaultCase(429, "", .transient, "HTTP 429"),
  FaultCase(400, fault("bad"), .refused, "bad"),
  FaultCase(
    400, #"{"reason":"Incomplete parameters","detail":"Snapshot [description] required for add"}"#, .refused,
    "[description]"),
  FaultCase(400, #"{"fault":{"reason":"Operation failed"},"status":"failed"}"#, .refused, "Operation failed"),
  FaultCase(403, "", .refused, "HTTP 403"),
  FaultCase(404, "", .missing, "none"),
  FaultCase(404, fault("Entity not found"), .missing, "Entity not found"),
  FaultCase(404, "<html>", .transient, "404"),
  FaultCase(405, "", .malformed, "405"),
  FaultCase(204, "", .malformed, "204"),
]

@Suite("The engine's refusals") struct ManagerErrorTests {
  let machine: VirtualMachineID = id("a")

  @Test("Each refusal has its kind, and keeps the engine's words", arguments: faults)
  func mapping(_ item: FaultCase) async throws {
    let manager = try makeManager(FakeEngine(item.status, item.body))
    let reading = await #expect(throws: DRError.self) { try await manager.ovf(of: machine) }
    #expect(reading?.kind == item.kind)
    #expect(reading?.reason.contains(item.reason) == true, "\(reading?.reason ?? "")")
    let changing = await #expect(throws: DRError.self) {
      try await manager.createSnapshot(
        of: machine, description: "x", overlays: [OverlayRequest(disk: id("1"), overlay: id("2"))])
    }
    #expect(changing?.kind == item.kind)
  }

  @Test(
    "A reply that can't be understood names the field",
    arguments: [
      ("", "no JSON"), ("{\"vm\":", "ends too early"), ("[]", "no JSON object"), ("<html>", "no JSON"),
      (#"{"vm":{}}"#, "field vm is no list"), (#"{"vm":[{}]}"#, "field vm[0].id is missing"),
      (#"{"vm":[{"id":"7"}]}"#, "field vm[0].id is no id: \"7\""),
      (#"{"vm":[{"id":"11111111-1111-1111-1111-111111111111"}]}"#, "field vm[0].name is missing"),
      (#"{"vm":[{"id":"11111111-1111-1111-1111-111111111111","name":{}}]}"#, "field vm[0].name is no text"),
    ])
  func malformed(body: String, words: String) async throws {
    let manager = try makeManager(FakeEngine(200, body))
    let error = await #expect(throws: DRError.self) { try await manager.machines(on: id("d")) }
    #expect(error?.kind == .malformed)
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
  }

  @Test(
    "An unknown word in a disk or a snapshot is malformed, never a trap",
    arguments: [
      ("status", "melted"), ("format", "vhd"), ("storage_type", "tape"), ("provisioned_size", "-1"),
      ("provisioned_size", "1e9"),
    ])
  func unknownWord(key: String, word: String) async throws {
    let good = [
      "id": "11111111-1111-1111-1111-111111111111", "image_id": "22222222-2222-2222-2222-222222222222",
      "status": "ok", "format": "raw", "storage_type": "image", "provisioned_size": "1",
    ]
    let fields = good.merging([key: word]) { $1 }.map { #""\#($0)":"\#($1)""# }.joined(separator: ",")
    let manager = try makeManager(FakeEngine(200, "{\"disk_attachment\":[{\"disk\":{\(fields)}}]}"))
    let error = await #expect(throws: DRError.self) { try await manager.disks(of: machine) }
    #expect(error?.kind == .malformed)
    #expect(error?.reason.contains("disk_attachment[0].disk.\(key)") == true)
    let snapshot = try makeManager(
      FakeEngine(200, #"{"id":"11111111-1111-1111-1111-111111111111","snapshot_status":"melted"}"#))
    let second = await #expect(throws: DRError.self) { try await snapshot.snapshot(id("1"), of: machine) }
    #expect(second?.reason.contains("snapshot_status has an unknown word") == true)
  }

  @Test(
    "Each transport error has its kind",
    arguments: [
      (TransportError.unreachable("connection refused"), DRError.Kind.transient), (.tls("x"), .refused),
      (.timeout(.seconds(60)), .transient), (.truncated("x"), .transient), (.tooLarge(limit: 9), .malformed),
      (.redirected(to: "http://elsewhere/"), .refused), (.garbled("x"), .malformed), (.cancelled, .stopped),
    ])
  func transport(error: TransportError, kind: DRError.Kind) async throws {
    let manager = try makeManager(FakeEngine { (_, _) throws(TransportError) in throw error })
    let thrown = await #expect(throws: DRError.self) { try await manager.machine(machine) }
    #expect(thrown?.kind == kind)
  }
}
