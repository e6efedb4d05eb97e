import DRKit
import Simulator
import Testing

struct EngineFaultTests {
  @Test func `a planned refusal bites at the calls that it names, and changes nothing`() throws {
    var site = EngineSite()
    site.engine.faults = EngineFaultPlan([
      .init(
        .createSnapshot, machine: site.machine, calls: 2...3, .refuse(status: 500, detail: "try later"))
    ])
    try site.created([site.raw])
    for _ in 2...3 {
      let refused = fault { () throws(EngineFault) in try site.create() }
      #expect(refused == EngineFault(status: 500, detail: "[try later]"))
    }
    site.expectSound()
    try site.created([site.raw])
    #expect(site.snapshots.count == 3)
  }

  @Test func `planned failures of work can't end well`() throws {
    var site = EngineSite()
    site.engine.faults = EngineFaultPlan([
      .init(.removeSnapshot, machine: site.machine, calls: 1...1, .failWork(reason: "block commit failed"))
    ])
    let id = try site.created([site.raw])
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    #expect(site.engine.unfinishedWork.first?.doomed == "block commit failed")
    site.settle(.done)
    #expect(try site.engine.snapshot(id, of: site.machine).status == .ok)
    _ = try site.engine.removeSnapshot(id, of: site.machine, now: site.now)
    site.settle(.done)
    #expect(site.snapshots.count == 1)
    site.expectSound()
  }

  @Test func `a rule for one machine leaves the others alone; one for all counts all calls`() {
    let one: VirtualMachineID = .init(high: 1, low: 1)
    let two: VirtualMachineID = .init(high: 2, low: 2)
    let plan = EngineFaultPlan([
      .init(.createSnapshot, machine: one, calls: 1...1, .failWork(reason: "a")),
      .init(.createSnapshot, calls: 5...5, .failWork(reason: "b")),
    ])
    func effect(_ machine: VirtualMachineID, _ ofMachine: Int, _ overall: Int) -> EngineFaultPlan.Effect? {
      plan.effect(on: .createSnapshot, machine: machine, ofMachine: ofMachine, overall: overall)
    }
    #expect(effect(one, 1, 1) == .failWork(reason: "a"))
    #expect(effect(two, 1, 2) == nil)
    #expect(effect(one, 2, 3) == nil)
    #expect(effect(two, 3, 5) == .failWork(reason: "b"))
    #expect(plan.effect(on: .removeSnapshot, machine: one, ofMachine: 1, overall: 1) == nil)
  }

  @Test func `an event and an OVF update can be refused as well`() {
    var site = EngineSite()
    site.engine.faults = EngineFaultPlan([
      .init(.postEvent, calls: 1...1, .refuse(status: 503, detail: "restarting")),
      .init(.updateOVFStore, calls: 1...1, .refuse(status: 409, detail: "busy")),
    ])
    let event = ExternalEventRequest(origin: "drkit", severity: .normal, customID: 1, description: "x")
    #expect(fault { () throws(EngineFault) in try site.engine.post(event, now: site.now) }.status == 503)
    #expect(
      fault { () throws(EngineFault) in try site.engine.updateOVFStore(of: site.domain, now: site.now) }
        .status
        == 409)
    #expect(throws: Never.self) { try site.engine.post(event, now: site.now) }
  }
}
