import DRKit
import Simulator

/// One piece of work that the lab did, with its figures.
struct LabOperation: Hashable, Sendable {
  enum Kind: String, Hashable, Sendable {
    case snapshot, merge
    case updateOVF = "update_ovf"
  }

  struct Mark: Hashable, Sendable {
    var name: String
    var span: TimeSpan
  }

  let kind: Kind
  /// The machine's name, or the domain's.
  let machine: String
  var disks: Int
  /// Set where the operation is about one disk only.
  let disk: DiskID?
  /// Nanoseconds since the epoch.
  let began: UInt64
  private let start: UInt64
  private(set) var marks: [Mark] = []
  private(set) var total = TimeSpan.zero
  private(set) var failure: String?

  init(_ kind: Kind, machine: String, disks: Int, disk: DiskID? = nil) {
    self.kind = kind
    self.machine = machine
    self.disks = disks
    self.disk = disk
    began = LabTime.wall()
    start = LabTime.monotonic()
  }

  private var elapsed: TimeSpan { .nanoseconds(Int64(LabTime.monotonic() - start)) }

  /// Notes a step's length; without one, the time since the beginning.
  mutating func mark(_ name: String, _ span: TimeSpan? = nil) {
    marks.append(Mark(name: name, span: span ?? elapsed))
  }

  func ended(failure: DRError? = nil) -> LabOperation {
    var copy = self
    copy.total = elapsed
    copy.failure = failure?.description
    return copy
  }

  var json: LabJSON {
    var members: [LabJSON.Member] = [
      .init(name: "kind", value: .string(kind.rawValue)),
      .init(name: "machine", value: .string(machine)),
      .init(name: "disks", value: .integer(Int64(disks))),
      .init(name: "began_ns", value: .integer(Int64(began))),
    ]
    if let disk { members.append(.init(name: "disk", value: .string("\(disk)"))) }
    for mark in marks { members.append(.init(name: "\(mark.name)_ms", value: .milliseconds(mark.span))) }
    members.append(.init(name: "total_ms", value: .milliseconds(total)))
    if let failure { members.append(.init(name: "failure", value: .string(failure))) }
    return .object(members)
  }
}

/// The operations so far, the newest 10000 of them.
final class LabOperationLog: Sendable {
  private let operations = Monitor([LabOperation]())

  func append(_ operation: LabOperation) {
    operations.update { list in
      if list.count >= 10_000 { list.removeFirst() }
      list.append(operation)
    }
  }

  var all: [LabOperation] { operations.update { $0 } }
}

extension LabJSON {
  /// With three decimals.
  static func milliseconds(_ span: TimeSpan) -> LabJSON {
    .number(Double(span.nanoseconds / 1_000) / 1_000)
  }

  static func milliseconds(_ nanoseconds: UInt64) -> LabJSON {
    milliseconds(TimeSpan.nanoseconds(Int64(clamping: nanoseconds)))
  }
}

/// The bed's report: what `stamps.py` needs to check each disk, and what the guests noticed.
enum LabReport {
  static func make(_ machines: [LabMachine.Condition], _ operations: [LabOperation]) -> LabJSON {
    [
      "written_ns": .integer(Int64(LabTime.wall())),
      "machines": .array(machines.map(machine)),
      "operations": .array(operations.map(\.json)),
    ]
  }

  private static func machine(_ machine: LabMachine.Condition) -> LabJSON {
    var members: [LabJSON.Member] = [
      .init(name: "name", value: .string(machine.name)),
      .init(name: "id", value: .string("\(machine.id)")),
      .init(name: "running", value: .bool(machine.isRunning)),
    ]
    if let statistics = machine.statistics {
      members += [
        .init(name: "writes", value: .integer(Int64(statistics.writes))),
        .init(name: "last_sequence", value: .integer(Int64(statistics.lastSequence))),
        .init(name: "longest_pause_ms", value: .milliseconds(statistics.pauses.longest?.nanoseconds ?? 0)),
        .init(name: "latency_ms", value: latency(statistics.latency)),
        .init(name: "flush_latency_ms", value: latency(statistics.flushLatency)),
        .init(name: "io_errors", value: .integer(Int64(statistics.ioErrors))),
        .init(name: "notable_pauses", value: .array(statistics.pauses.notable.map(pause))),
      ]
      if let failure = statistics.failure {
        members.append(.init(name: "failure", value: .string(failure.description)))
      }
    }
    let count = Int64(machine.written.count)
    members.append(
      .init(
        name: "disks",
        value: .array(
          machine.written.enumerated().map { index, disk in
            [
              "id": .string("\(disk.id)"), "alias": .string(disk.alias),
              "domain": .string("\(disk.domain.id)"), "shareable": .bool(disk.isShareable),
              "base": .string("\(disk.volumes.first?.volume ?? .blank)"),
              "format": .string(disk.volumes.first?.metadata.format.driver ?? ""),
              "image": .string(disk.chain.first?.path ?? ""),
              "index": .integer(Int64(index)), "disks": .integer(count),
              "blocks": .integer(Int64(machine.blocks)),
            ]
          })))
    return .object(members)
  }

  private static func latency(_ histogram: LatencyHistogram) -> LabJSON {
    [
      "p50": .milliseconds(histogram.quantile(perMille: 500) ?? 0),
      "p99": .milliseconds(histogram.quantile(perMille: 990) ?? 0),
      "max": .milliseconds(histogram.maximum),
    ]
  }

  private static func pause(_ pause: PauseRecord.Pause) -> LabJSON {
    [
      "ms": .milliseconds(pause.nanoseconds), "sequence": .integer(Int64(pause.sequence)),
      "ended_ns": .integer(Int64(pause.at)),
    ]
  }
}
