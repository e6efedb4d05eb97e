import DRKit
import Testing

@testable import OVirtClient

@Suite("Changing things at the engine") struct ManagerChangingTests {
  let domain: StorageDomainID = id("d")
  let machine: VirtualMachineID = id("a")

  private func text(_ request: OVirtRequest) -> String { String(decoding: request.body ?? [], as: UTF8.self) }

  @Test("A snapshot is asked for without memory, of the named disks, with the chosen overlays")
  func create() async throws {
    let engine = FakeEngine(202, #"{"id":"\#(id("7") as SnapshotID)","snapshot_status":"locked"}"#)
    let made = try await makeManager(engine, correlationID: "run-1/é").createSnapshot(
      of: machine, description: "drkit \"x\"\n", overlays: [OverlayRequest(disk: id("1"), overlay: id("2"))])
    #expect(made == id("7"))
    let request = try #require(engine.requests.first)
    #expect(request.method == .post && request.target == "/ovirt-engine/api/vms/\(machine)/snapshots")
    #expect(request.header("Content-Type") == "application/json")
    #expect(request.header("Correlation-Id") == "run-1")
    #expect(
      text(request)
        == #"{"description":"drkit \"x\"\u000a","disk_attachments":{"disk_attachment":[{"disk":{"id":"\#(id("1") as DiskID)","#
        + #""image_id":"\#(id("2") as VolumeID)"}}]},"persist_memorystate":"false"}"#)
  }

  @Test("A snapshot of no disks is refused here: the engine would take all") func createNothing() async throws
  {
    let engine = FakeEngine(202)
    let manager = try makeManager(engine)
    let error = await #expect(throws: DRError.self) {
      try await manager.createSnapshot(of: machine, description: "x", overlays: [])
    }
    #expect(error?.kind == .unfit)
    #expect(engine.requests.isEmpty)
  }

  @Test("A removal is a DELETE; a snapshot gone meanwhile is missing") func remove() async throws {
    let engine = FakeEngine(200, #"{"job":{"id":"j"},"status":"complete"}"#)
    try await makeManager(engine).removeSnapshot(id("7"), of: machine)
    #expect(engine.requests[0].method == .delete && engine.requests[0].body == nil)
    #expect(engine.requests[0].path.hasSuffix("/vms/\(machine)/snapshots/\(id("7") as SnapshotID)"))
    let gone = try makeManager(
      FakeEngine(400, #"{"detail":"[Cannot remove Snapshot. VM's Snapshot does not exist.]"}"#))
    let error = await #expect(throws: DRError.self) { try await gone.removeSnapshot(id("7"), of: machine) }
    #expect(error?.kind == .missing)
  }

  @Test("An action that failed under HTTP 200 is an error") func failedAction() async throws {
    let body = #"{"status":"failed","fault":{"reason":"Operation Failed","detail":"[Low disk space]"}}"#
    let error = await #expect(throws: DRError.self) {
      try await makeManager(FakeEngine(200, body)).updateOVFStore(of: domain)
    }
    #expect(error?.kind == .transient)
    #expect(error?.reason == "Low disk space")
  }

  @Test("The update of OVF_STORE waits for its job") func ovfJob() async throws {
    let job = "99999999-9999-9999-9999-999999999999"
    let engine = FakeEngine { (request, number) throws(TransportError) in
      if request.method == .post {
        return FakeEngine.reply(200, #"{"status":"complete","job":{"id":"\#(job)"}}"#)
      }
      return FakeEngine.reply(200, #"{"status":"\#(number < 4 ? "started" : "finished")"}"#)
    }
    try await makeManager(engine).updateOVFStore(of: domain)
    #expect(engine.requests.count == 4)
    #expect(engine.requests[0].target == "/ovirt-engine/api/storagedomains/\(domain)/updateovfstore")
    #expect(engine.requests[3].target == "/ovirt-engine/api/jobs/\(job)")
  }

  @Test(
    "The update of OVF_STORE: a job that vanished is over, one that failed or hangs is an error",
    arguments: [(404, "", nil), (200, "failed", DRError.Kind.transient), (200, "started", .timedOut)])
  func ovfJobEnds(status: Int, word: String, kind: DRError.Kind?) async throws {
    let engine = FakeEngine { (request, _) throws(TransportError) in
      request.method == .post
        ? FakeEngine.reply(200, #"{"job":{"id":"99999999-9999-9999-9999-999999999999"}}"#)
        : FakeEngine.reply(status, word.isEmpty ? "" : #"{"status":"\#(word)"}"#)
    }
    let manager = try makeManager(engine)
    do {
      try await manager.updateOVFStore(of: domain)
      #expect(kind == nil)
    } catch {
      #expect(error.kind == kind)
    }
  }

  private func event(_ status: ExternalStatus? = .error) -> EngineEvent {
    EngineEvent(
      customID: 17, severity: .alert, description: "late", storageDomain: domain, externalStatus: status)
  }

  @Test("An event carries origin, custom id and the domain's external status") func post() async throws {
    let engine = FakeEngine(201, #"{"id":"5"}"#)
    try await makeManager(engine).post(event())
    #expect(
      text(engine.requests[0])
        == #"{"custom_id":"17","description":"late","origin":"drkit","severity":"alert","#
        + #""storage_domain":{"external_status":"error","id":"\#(domain)"}}"#)
    try await makeManager(engine).post(event(nil))
    #expect(!text(engine.requests[1]).contains("external_status"))
  }

  @Test("A duplicate event is success, by its text") func duplicateByText() async throws {
    let engine = FakeEngine(400, #"{"detail":"[Cannot add External Event. Event already exists.]"}"#)
    try await makeManager(engine).post(event())
    #expect(engine.requests.count == 1)
  }

  @Test(
    "A refused event whose text says nothing is looked up",
    arguments: [
      (#"{"event":[{"id":"1","origin":"drkit","custom_id":"17"}]}"#, true),
      (
        #"{"event":[{"id":"1","origin":"drkit","custom_id":16},{"id":"2","origin":"x","custom_id":"17"}]}"#,
        false
      ),
      ("{}", false), ("nonsense", false),
    ])
  func duplicateByLookUp(body: String, isThere: Bool) async throws {
    let engine = FakeEngine { (request, _) throws(TransportError) in
      request.method == .post
        ? FakeEngine.reply(400, #"{"detail":"[Ungültig]"}"#) : FakeEngine.reply(200, body)
    }
    let manager = try makeManager(engine)
    if isThere {
      try await manager.post(event())
    } else {
      let error = await #expect(throws: DRError.self) { try await manager.post(event()) }
      #expect(error?.kind == .refused)
      #expect(error?.reason == "Ungültig")
    }
    #expect(
      engine.requests[1].target
        == "/ovirt-engine/api/events?search=origin%3Ddrkit%20and%20custom_event_id%3D17&max=100")
  }

  @Test("The task's correlation id goes before the manager's own") func correlation() async throws {
    let engine = FakeEngine(200, "{}")
    let manager = try makeManager(engine, correlationID: "own")
    try await OVirtManager.$correlationID.withValue("of-the-task") {
      _ = try await manager.machines(on: domain)
    }
    _ = try await manager.machines(on: domain)
    #expect(engine.requests.map { $0.header("Correlation-Id") } == ["of-the-task", "own"])
  }
}
