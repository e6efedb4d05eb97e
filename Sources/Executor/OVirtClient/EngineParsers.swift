import DRKit

/// What the oVirt client reads: replies of the engine, of its single sign-on and of whatever stands in front of them.
package enum EngineParsers {
  package static let all = [json, fault, login, address, inventory, snapshots]

  private static let id = "0a2b4c6d-1111-4222-8333-444455556666"
  private static let call = CallName("ask the engine", "x")

  private static let mixed = """
    {"a":[1,-2.5e-3,0,true,false,null,"\\u00e9\\ud83d\\ude00\\n\\\\"],"b":{"c":{}},"d":[]}
    """

  static let json = FuzzedParser("engine-json", [mixed, "{}", "{\"name\":\"ü\"}"]) { bytes in
    let root = try JSONField(bytes, contentType: "application/json", call)
    guard let value = root.value else { return }
    guard (try? JSONParser.parse(value.encoded)) == value else {
      throw FuzzedFlaw("JSON that does not come back from its own text")
    }
  }

  private static let faults = [
    "{\"reason\":\"Operation Failed\",\"detail\":\"[Cannot remove Snapshot. VM is locked.]\"}",
    "{\"status\":\"failed\",\"fault\":{\"reason\":\"x\",\"detail\":\"[y]\"}}", "<html>502</html>", "",
  ]

  static let fault = FuzzedParser("engine-fault", faults) { bytes in
    var last: (any Error)?
    for status in [200, 400, 401, 404, 409, 418, 500, 503] {
      let error = EngineFault.error(OVirtReply(status: status, body: bytes), call)
      if FuzzedParser.complaint(about: error) != nil { throw error }
      last = error
    }
    try EngineFault.check(action: OVirtReply(status: 200, body: bytes), call)
    if let last { throw last }
  }

  private static let secret = "correct horse"

  static let login = FuzzedParser(
    "engine-login",
    [
      "{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"exp\":9223372036854775807}",
      "{\"error_code\":\"access_denied\",\"error\":\"Cannot authenticate user 'a' with 'correct horse'\"}",
    ]
  ) { bytes in
    let who = OVirtCredentials(user: "admin@internal", password: secret)
    for status in [200, 400, 500] {
      switch LoginExchange.token(from: OVirtReply(status: status, body: bytes), who, call) {
      case .success(let token):
        // It becomes a header line.
        guard !token.value.isEmpty, token.value.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
          throw FuzzedFlaw("a token that breaks its header")
        }
      case .failure(let error):
        if "\(error)".contains(secret) { throw FuzzedFlaw("an error that shows the password") }
        throw error
      }
    }
  }

  static let address = FuzzedParser(
    "engine-address", share: 50,
    [
      "https://engine.example/ovirt-engine/api", "http://127.0.0.1:8080",
      "https://[fd00::1]:443/ovirt-engine",
    ]
  ) { bytes in
    let address = try EngineAddress(url: String(decoding: bytes, as: UTF8.self))
    guard try EngineAddress(url: address.origin) == address else {
      throw FuzzedFlaw("an address that does not come back from its own text")
    }
  }

  private struct CannedTransport: OVirtTransport {
    var body: [UInt8]
    func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
      if request.path.contains("/sso/") {
        return OVirtReply(status: 200, body: Array("{\"access_token\":\"t\"}".utf8))
      }
      return OVirtReply(status: 200, headers: [.init("Content-Type", "application/json")], body: body)
    }
    func shutdown() async {}
  }

  /// Nothing is waited for.
  private struct ShortClock: DRClock {
    var now: Instant { Instant(epochSeconds: 1_700_000_000) }
    var uptime: TimeSpan { .zero }
    func sleep(for span: TimeSpan) async throws(DRError) { throw .stopped }
  }

  private static func manager(_ body: [UInt8]) throws -> OVirtManager {
    let address = try EngineAddress(url: "https://engine.example")
    let who = OVirtCredentials(user: "admin@internal", password: "x")
    let session = OVirtSession(
      address: address, credentials: who, transport: CannedTransport(body: body))
    return OVirtManager(session: session, clock: ShortClock())
  }

  private static let everything = """
    {"id":"\(id)","name":"vms","status":"up","origin":"ovirt","storage":{"type":"glusterfs","address":"a1","path":"data"},\
    "storage_domain":[{"id":"\(id)","name":"vms","storage":{"type":"glusterfs","address":"[fd00::1]","path":"/data/"}}],\
    "vm":[{"id":"\(id)","name":"web","status":"up","origin":"ovirt"}],\
    "disk_attachment":[{"active":"true","read_only":"false","disk":{"id":"\(id)","alias":"d","image_id":"\(id)",\
    "format":"cow","status":"ok","provisioned_size":"1073741824","storage_type":"image","shareable":"false",\
    "storage_domains":{"storage_domain":[{"id":"\(id)"}]}}}],\
    "disk_snapshot":[{"id":"\(id)","image_id":"\(id)","disk":{"id":"\(id)"},"parent":{"id":"\(id)"}}],\
    "initialization":{"configuration":{"data":"<ovf/>","type":"ovf"}},\
    "product_info":{"version":{"full_version":"4.5.5-1.el9"}}}
    """

  /// One body is every answer: each reader takes out of it what it looks for.
  static let inventory = FuzzedParser("engine-inventory", [everything]) { bytes in
    let manager = try manager(bytes)
    var heard: (any Error)?
    func attempt(_ body: () async throws -> Void) async {
      do { try await body() } catch {
        if heard == nil || FuzzedParser.complaint(about: error) != nil { heard = error }
      }
    }
    let machine: VirtualMachineID = .blank
    await attempt { _ = try await manager.checkAccess() }
    await attempt { _ = try await manager.storageDomain("vms") }
    await attempt { _ = try await manager.machines(on: .blank) }
    await attempt { _ = try await manager.machine(machine) }
    await attempt { _ = try await manager.disks(of: machine) }
    await attempt { _ = try await manager.volumes(on: .blank) }
    await attempt { _ = try await manager.ovf(of: machine) }
    if let heard { throw heard }
  }

  private static let snapshotList = """
    {"id":"\(id)","status":"started","job":{"id":"\(id)"},"snapshot_status":"ok","snapshot_type":"regular",\
    "snapshot":[{"id":"\(id)","description":"drkit run x vms@dr","snapshot_status":"locked","snapshot_type":"regular"},\
    {"id":"\(id)","snapshot_type":"active"}],"disk":[{"id":"\(id)","image_id":"\(id)"}],\
    "event":[{"origin":"drkit","custom_id":"7","index":"9","code":"9801"},{"id":"8","index":"8","code":"61",\
    "time":1700000000000,"description":"VM web is down.","correlation_id":"x","vm":{"id":"\(id)"}}]}
    """

  static let snapshots = FuzzedParser("engine-snapshots", [snapshotList]) { bytes in
    let manager = try manager(bytes)
    var heard: (any Error)?
    func attempt(_ body: () async throws -> Void) async {
      do { try await body() } catch {
        if heard == nil || FuzzedParser.complaint(about: error) != nil { heard = error }
      }
    }
    let overlay = OverlayRequest(disk: .blank, overlay: .blank)
    await attempt { _ = try await manager.snapshots(of: .blank) }
    await attempt { _ = try await manager.snapshot(.blank, of: .blank) }
    await attempt { _ = try await manager.createSnapshot(of: .blank, description: "x", overlays: [overlay]) }
    await attempt { _ = try await manager.frozenVolumes(of: .blank, machine: .blank) }
    await attempt { try await manager.removeSnapshot(.blank, of: .blank) }
    await attempt { try await manager.updateOVFStore(of: .blank) }
    await attempt { _ = try await manager.newestEvent() }
    await attempt { _ = try await manager.machineEvents(after: 7) }
    if let heard { throw heard }
  }
}
