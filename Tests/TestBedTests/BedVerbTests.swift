import DRKit
import Simulator
import TestBed
import Testing

struct BedVerbTests {
  /// Runs the body while the bed's work is being done.
  private func working(_ bed: Bed, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
      group.addTask { await bed.rest.performWork() }
      try await body()
      group.cancelAll()
    }
  }

  private func until(_ what: Comment, _ condition: () async -> Bool) async throws {
    for _ in 0..<1_000 {
      if await condition() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what)
  }

  private func snapshotBody(_ json: Bool, _ disk: EngineDisk, _ overlay: VolumeID) -> String {
    json
      ? """
      {"description":"run","persist_memorystate":false,"disk_attachments":{"disk_attachment":[{"disk":
      {"id":"\(disk.id)","image_id":"\(overlay)"}}]}}
      """
      : """
      <snapshot><description>run</description><persist_memorystate>false</persist_memorystate><disk_attachments>
      <disk_attachment><disk id="\(disk.id)"><image_id>\(overlay)</image_id></disk></disk_attachment>
      </disk_attachments></snapshot>
      """
  }

  @Test(arguments: [false, true])
  func `a snapshot is 202 and locked, then ok; its removal 200, then 404`(json: Bool) async throws {
    let bed = try await Bed()
    let face = json ? "application/json" : "application/xml"
    let web = await bed.machine("web")
    let disk = await bed.disk("web-root")
    let overlay: VolumeID = .init(high: 0xabc, low: 0xdef)
    let began = await bed.call(
      "POST", "/vms/\(web.id)/snapshots", accept: face, body: snapshotBody(json, disk, overlay), type: face)
    #expect(began.status == 202)
    #expect(began.text.contains("locked"))
    #expect(began.text.contains("creation_status"))
    let id = try #require(web.snapshots.last?.id)
    let path = "/vms/\(web.id)/snapshots/\(id)"
    #expect(began.header("Location") == "/ovirt-engine/api\(path)")
    let busy = await bed.call(
      "POST", "/vms/\(web.id)/snapshots", accept: face, body: snapshotBody(json, disk, overlay), type: face)
    #expect(busy.status == 409)
    #expect(busy.text.contains("Operation Failed"))
    try await working(bed) {
      try await until("the snapshot never became ok") {
        await !bed.call("GET", path, accept: face).text.contains("locked")
      }
      #expect(await bed.disk("web-root").activeVolume == overlay)
      let removed = await bed.call("DELETE", path, accept: face)
      #expect(removed.status == 200)
      #expect(removed.text.contains("complete"))
      try await until("the snapshot never went") { await bed.call("GET", path, accept: face).status == 404 }
      #expect(await bed.disk("web-root").activeVolume == disk.activeVolume)
    }
    #expect(await bed.rest.bed.engine.checkInvariants().isEmpty)
  }

  @Test func `memory is saved when the body does not say no`() async throws {
    let bed = try await Bed()
    let web = await bed.machine("web")
    let answer = await bed.call(
      "POST", "/vms/\(web.id)/snapshots", body: "<snapshot><description>x</description></snapshot>")
    #expect(answer.status == 202)
    #expect(answer.text.contains("<persist_memorystate>true</persist_memorystate>"))
  }

  @Test func `an asynchronous removal is an empty 202`() async throws {
    let bed = try await Bed()
    let web = await bed.machine("web")
    let body =
      "<snapshot><description>x</description><persist_memorystate>false</persist_memorystate></snapshot>"
    #expect(await bed.call("POST", "/vms/\(web.id)/snapshots", body: body).status == 202)
    let id = try #require(web.snapshots.last?.id)
    try await working(bed) {
      let path = "/vms/\(web.id)/snapshots/\(id)"
      try await until("never ok") { await !bed.call("GET", path).text.contains("locked") }
      let answer = await bed.call("DELETE", "\(path)?async=true")
      #expect(answer.status == 202)
      #expect(answer.body.isEmpty)
    }
  }

  @Test(arguments: [
    ("<snapshot/>", "application/xml", 400), ("<snapshot>", "application/xml", 400),
    ("{", "application/json", 400), ("{}", "text/plain", 415),
    (
      "<snapshot><description>x</description><persist_memorystate>yes</persist_memorystate></snapshot>",
      "text/xml", 400
    ),
    (
      "<snapshot><description>x</description><disk_attachments><disk_attachment/></disk_attachments></snapshot>",
      "application/xml", 400
    ),
    (
      "<snapshot><description>x</description><disk_attachments><disk_attachment><disk id=\"x\"/></disk_attachment>"
        + "</disk_attachments></snapshot>", "application/xml", 400
    ),
  ])
  func `a bad body is refused and nothing begins`(body: String, type: String, status: Int) async throws {
    let bed = try await Bed()
    let web = await bed.machine("web")
    #expect(await bed.call("POST", "/vms/\(web.id)/snapshots", body: body, type: type).status == status)
    #expect(await bed.rest.bed.engine.unfinishedWork.isEmpty)
  }

  @Test func `a refused removal is a fault inside a failed action`() async throws {
    let bed = try await Bed()
    let web = await bed.machine("web")
    let active = try #require(web.snapshots.last?.id)
    let answer = await bed.call("DELETE", "/vms/\(web.id)/snapshots/\(active)")
    #expect(answer.status == 400)
    #expect(answer.text.contains("<action>"))
    #expect(answer.text.contains("<status>failed</status>"))
    #expect(answer.text.contains("<fault>"))
    let unknown = await bed.call("DELETE", "/vms/\(web.id)/snapshots/00000000-0000-4000-8000-000000000000")
    #expect(unknown.status == 404)
  }

  @Test(arguments: [false, true])
  func `an event is 201, its duplicate 400, and the domain's flag goes up`(json: Bool) async throws {
    let bed = try await Bed()
    let face = json ? "application/json" : "application/xml"
    let domain = await bed.domain("data")
    let body =
      json
      ? """
      {"origin":"drkit","severity":"alert","custom_id":7,"description":"d","storage_domain":
      {"id":"\(domain.id)","external_status":"error"}}
      """
      : """
      <event><origin>drkit</origin><severity>alert</severity><custom_id>7</custom_id><description>d</description>
      <storage_domain id="\(domain.id)"><external_status>error</external_status></storage_domain></event>
      """
    let posted = await bed.call("POST", "/events", accept: face, body: body, type: face)
    #expect(posted.status == 201)
    #expect(posted.header("Location") == "/ovirt-engine/api/events/1")
    #expect(await bed.domain("data").externalStatus == .error)
    let again = await bed.call("POST", "/events", accept: face, body: body, type: face)
    #expect(again.status == 400)
    #expect(again.text.contains("already exists"))
    #expect(await bed.call("GET", "/events/1", accept: face).status == 200)
  }

  @Test(arguments: ["severe", "custom_id", "big"])
  func `an event with a wrong word or number is a 400`(mistake: String) async throws {
    let bed = try await Bed()
    let severity = mistake == "severe" ? "severe" : "normal"
    let number = mistake == "custom_id" ? "x" : mistake == "big" ? "2147483648" : "1"
    let answer = await bed.call(
      "POST", "/events",
      body: "<event><origin>a</origin><severity>\(severity)</severity><custom_id>\(number)</custom_id>"
        + "<description>d</description></event>")
    #expect(answer.status == 400)
  }

  @Test func `an OVF update answers with its job`() async throws {
    let bed = try await Bed()
    let domain = await bed.domain("data")
    let path = "/storagedomains/\(domain.id)/updateovfstore"
    let began = await bed.call("POST", path, body: "<action/>")
    #expect(began.status == 200)
    #expect(began.text.contains("<status>complete</status>"))
    let job = try #require(await bed.rest.bed.engine.allJobs.last)
    #expect(began.text.contains("id=\"\(job.id)\""))
    let busy = await bed.call("POST", path, body: "<action/>")
    #expect(busy.status == 409)
    #expect(busy.text.contains("<action>") && busy.text.contains("currently being updated"))
    try await working(bed) {
      try await until("never finished") {
        await bed.call("GET", "/jobs/\(job.id)").text.contains("<status>finished</status>")
      }
    }
    #expect(await bed.domain("data").ovfStore?.documents.count == 4)
  }

  @Test func `a performer's stages and its failure reach the engine`() async throws {
    let bed = try await Bed(performer: HalfPerformer())
    let db = await bed.machine("db")
    let body =
      "<snapshot><description>x</description><persist_memorystate>false</persist_memorystate></snapshot>"
    #expect(await bed.call("POST", "/vms/\(db.id)/snapshots", body: body).status == 202)
    let id = try #require(db.snapshots.last?.id)
    let path = "/vms/\(db.id)/snapshots/\(id)"
    try await working(bed) {
      try await until("never ok") { await !bed.call("GET", path).text.contains("locked") }
      #expect(await bed.call("DELETE", path).status == 200)
      try await until("never back to ok") { await !bed.call("GET", path).text.contains("locked") }
    }
    // One of the two disks was merged before the failure.
    #expect(await bed.disk("db-root").chain.count == 1)
    #expect(await bed.disk("db-data").chain.count == 2)
    #expect(await bed.rest.bed.engine.checkInvariants().isEmpty)
  }
}

/// Merges the first disk and fails.
private struct HalfPerformer: WorkPerformer {
  func perform(
    _ work: EngineWork, engine: EngineModel, report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome {
    switch work.kind {
    case .snapshot:
      await report(.volumesCreated)
      return .done
    case .merge(_, _, let steps):
      if let first = steps.first { await report(.merged(first.disk)) }
      return .failed(reason: "half")
    case .updateOVF: return .done
    }
  }
}
