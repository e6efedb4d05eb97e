import DRKit
import Testing

@testable import OVirtClient

@Suite("Reading the engine's log") struct ManagerLogTests {
  let machine: VirtualMachineID = id("a")

  /// An engine whose log has events 1 to `count`, of these codes, as it would serve it: newest first.
  private static func engine(_ count: Int, codes: [Int: Int] = [:]) -> FakeEngine {
    FakeEngine { (request, _) throws(TransportError) in
      func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
      let from = Int(value("from") ?? "") ?? 0
      let page = Int(value("search")?.dropFirst(5) ?? "1") ?? 1
      let most = Int(value("max") ?? "") ?? .max
      let rows = (1...max(1, count)).filter { $0 > from && $0 <= count }.reversed()
      let shown = rows.dropFirst((page - 1) * most).prefix(most).map { number in
        """
        {"id":"\(number)","index":"\(number)","code":"\(codes[number] ?? 30)","severity":"normal",\
        "time":\(1_700_000_000_000 + number),"description":"event \(number)","correlation_id":"c\(number)",\
        "vm":{"id":"\(id("a") as VirtualMachineID)","name":"web"}}
        """
      }
      return FakeEngine.reply(200, shown.isEmpty ? "{}" : "{\"event\":[\(shown.joined(separator: ","))]}")
    }
  }

  @Test("The newest event is the first row, and an empty log is 0") func newest() async throws {
    let engine = Self.engine(7)
    #expect(try await makeManager(engine).newestEvent() == 7)
    #expect(engine.requests.map(\.target) == ["/ovirt-engine/api/events?max=1"])
    #expect(try await makeManager(FakeEngine(200, "{}")).newestEvent() == 0)
  }

  @Test("What befell machines is told oldest first; the event itself, and what is about nothing else, is not")
  func events() async throws {
    let engine = Self.engine(12, codes: [4: 61, 5: 61, 7: 63, 9: 153, 10: 9999, 12: 68])
    let events = try await makeManager(engine).machineEvents(after: 5)
    #expect(events.map(\.index) == [7, 9, 12])
    #expect(events.map(\.kind) == [.migrated, .started, .snapshotTaken])
    #expect(
      events[0]
        == MachineEvent(
          index: 7, kind: .migrated, machine: machine, at: Instant(nanoseconds: 1_700_000_000_007_000_000),
          correlationID: "c7", text: "event 7"))
    #expect(engine.requests.map(\.target) == ["/ovirt-engine/api/events?max=500&from=4"])
  }

  @Test("A log that grew fast is read page by page, and what comes meanwhile is seen once") func pages()
    async throws
  {
    let engine = Self.engine(1_203, codes: [2: 61, 3: 61, 700: 63, 1_203: 153])
    let events = try await makeManager(engine).machineEvents(after: 2)
    #expect(events.map(\.index) == [3, 700, 1_203])
    #expect(engine.requests.count == 3)
    #expect(engine.requests[1].query.contains(.init("search", "page 2")))
  }

  @Test("From the beginning there is no event to find again", arguments: [0, 1, 499, 500, 501, 1_000])
  func fromTheBeginning(count: Int) async throws {
    let engine = Self.engine(count, codes: [1: 61].merging([count: 63]) { $1 })
    let events = try await makeManager(engine).machineEvents(after: 0)
    #expect(events.count == min(count, 2))
    #expect(engine.requests.allSatisfy { request in !request.query.contains { $0.name == "from" } })
  }

  @Test(
    "A log that does not have the event any more, or is another one's, is missing",
    arguments: [8, 100, 1_000_000])
  func lost(index: Int64) async throws {
    let error = await #expect(throws: DRError.self) {
      try await makeManager(Self.engine(7)).machineEvents(after: index)
    }
    #expect(error?.kind == .missing)
  }

  @Test("A log that grew without measure is refused, after so many pages and no more") func endless()
    async throws
  {
    let engine = Self.engine(OVirtManager.logPage * OVirtManager.logPages + 1)
    let error = await #expect(throws: DRError.self) { try await makeManager(engine).machineEvents(after: 0) }
    #expect(error?.kind == .refused)
    #expect(engine.requests.count == OVirtManager.logPages)
  }

  @Test("An event without a machine is nobody's; one without a number, a code or a time is malformed")
  func strict() async throws {
    func read(_ row: String) async throws -> [MachineEvent] {
      try await makeManager(FakeEngine(200, "{\"event\":[\(row)]}")).machineEvents(after: 0)
    }
    #expect(try await read(#"{"index":"3","code":"61","time":1}"#) == [])
    #expect(try await read(#"{"id":"3","code":"30"}"#) == [])
    let vm = #""vm":{"id":"\#(machine)"}"#
    for (row, field) in [
      (#"{"code":"61"}"#, "id"), (#"{"index":"0","code":"61"}"#, "index"), (#"{"index":"x"}"#, "index"),
      (#"{"index":"3"}"#, "code"), (#"{"index":"3","code":"61",\#(vm)}"#, "time"),
      (#"{"index":"3","code":"61","time":9223372036854775807,\#(vm)}"#, "time"),
      (#"{"index":"3","code":"61","time":1,"vm":{"id":"7"}}"#, "vm.id"),
    ] {
      let error = await #expect(throws: DRError.self) { try await read(row) }
      #expect(error?.kind == .malformed)
      #expect(error?.reason.contains("event[0].\(field) ") ?? false, "\(row): \(error?.reason ?? "")")
    }
  }
}
