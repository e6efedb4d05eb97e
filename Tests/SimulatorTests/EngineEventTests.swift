import DRKit
import Simulator
import Testing

struct EngineEventTests {
  private func request(
    origin: String? = "drkit", severity: Severity? = .normal, id: Int32? = 1, description: String? = "done"
  ) -> ExternalEventRequest {
    ExternalEventRequest(origin: origin, severity: severity, customID: id, description: description)
  }

  @Test func `an event sets the domain's external status`() throws {
    var site = EngineSite()
    var event = request(severity: .alert)
    event.domain = site.domain
    event.externalStatus = .error
    try site.engine.post(event, now: site.now)
    #expect(site.engine.domain(site.domain)?.externalStatus == .error)
    #expect(site.engine.events.last?.code == 9804)
    event.customID = 2
    event.severity = .normal
    event.externalStatus = .ok
    try site.engine.post(event, now: site.now)
    #expect(site.engine.domain(site.domain)?.externalStatus == .ok)
    site.expectSound()
  }

  @Test func `origin and custom id are unique for ever`() throws {
    var site = EngineSite()
    let first = try site.engine.post(request(), now: site.now)
    #expect(fault { () throws(EngineFault) in try site.engine.post(request(), now: site.now) }.status == 400)
    #expect(try site.engine.post(request(id: 2), now: site.now) == first + 1)
    #expect(try site.engine.post(request(origin: "other"), now: site.now) == first + 2)
    site.expectSound()
  }

  @Test(arguments: ["oVirt", "ovirt", "OVIRT"])
  func `the engine's own origin is refused in any case`(origin: String) {
    var site = EngineSite()
    #expect(
      fault { () throws(EngineFault) in try site.engine.post(request(origin: origin), now: site.now) }.status
        == 400)
  }

  @Test func `origin, severity, custom id and description are required`() {
    var site = EngineSite()
    for broken in [request(origin: nil), request(severity: nil), request(id: nil), request(description: nil)]
    {
      let refused = fault { () throws(EngineFault) in try site.engine.post(broken, now: site.now) }
      #expect(refused.status == 400)
      #expect(refused.reason == "Incomplete parameters")
    }
    #expect(site.engine.events.isEmpty)
  }

  @Test func `a link to something unknown is refused, and the pair stays free`() throws {
    var site = EngineSite()
    var event = request()
    event.domain = site.engine.freshID()
    #expect(fault { () throws(EngineFault) in try site.engine.post(event, now: site.now) }.status == 400)
    event.domain = site.domain
    try site.engine.post(event, now: site.now)
  }

  @Test func `a long message is cut`() throws {
    var site = EngineSite()
    try site.engine.post(request(description: String(repeating: "x", count: 20_000)), now: site.now)
    #expect(site.engine.events.last?.description.count == 10_000)
  }

  @Test func `the engine's own lines carry the correlation id`() throws {
    var site = EngineSite()
    _ = try site.engine.createSnapshot(
      of: site.machine, SnapshotRequest(description: "x", persistsMemory: false), correlationID: "run-1",
      now: site.now)
    site.settle()
    #expect(site.engine.events.map(\.code) == [45, 68])
    #expect(site.engine.events.allSatisfy { $0.correlationID == "run-1" && $0.customID == -1 })
    #expect(site.engine.allJobs.first?.correlationID == "run-1")
  }
}
