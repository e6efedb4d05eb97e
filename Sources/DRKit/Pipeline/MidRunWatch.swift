/// A machine with disks on the domain, as the engine showed it at one time.
public struct SeenMachine: Hashable, Sendable, Codable {
  public var id: VirtualMachineID
  public var name: String
  public var status: MachineStatus
  public var host: HostID?
  public var disks: [DiskID]
}

/// What guests and administrators did between the cut and the seal, by two looks at the engine. What begins and ends between the
/// looks (a stop and a start at the same host, a migration there and back) is not seen, and does no harm: the bases stood still all
/// the while.
struct MidRunWatch: Sendable {
  struct Finding: Hashable, Sendable {
    var remark: String
    /// Whether the machine's point is less for it.
    var lowers: Bool
  }

  /// The planned machines, with their order kept.
  var findings: [VirtualMachineID: [Finding]] = [:]
  /// Machines that were not cut, and run now.
  var strangers: [MachineVerdict] = []

  static func seen(_ inventory: [(VirtualMachine, [AttachedDisk])]) -> [SeenMachine] {
    inventory.map { machine, disks in
      SeenMachine(
        id: machine.id, name: machine.name, status: machine.status, host: machine.host,
        disks: disks.map(\.id).sorted())
    }.sorted { $0.id < $1.id }
  }

  /// - Parameters:
  ///   - before: As the plan was made.
  ///   - now: At the seal.
  ///   - planned: The machines of the cut.
  init(before: [SeenMachine], now: [(VirtualMachine, [AttachedDisk])], planned: [MachinePlan]) {
    for machine in planned {
      let was = before.first { $0.id == machine.id }
      let found = now.first { $0.0.id == machine.id }
      findings[machine.id] = Self.findings(of: machine, was, found)
    }
    for (machine, _) in now.sorted(by: { $0.0.id < $1.0.id }) {
      guard !planned.contains(where: { $0.id == machine.id }) else { continue }
      let remark: String
      if let was = before.first(where: { $0.id == machine.id }) {
        guard !was.status.mayWrite && machine.status.mayWrite else { continue }
        remark = "started in mid-run; its images arrived torn"
      } else {
        remark = "came to the domain in mid-run"
      }
      strangers.append(
        MachineVerdict(machine: machine.id, name: machine.name, grade: .notInPoint, remarks: [remark]))
    }
  }

  private static func findings(
    of machine: MachinePlan, _ was: SeenMachine?, _ found: (VirtualMachine, [AttachedDisk])?
  ) -> [Finding] {
    guard let (now, disks) = found else {
      return [Finding(remark: "gone from the domain in mid-run", lowers: false)]
    }
    var findings: [Finding] = []
    if !now.status.mayWrite {
      findings.append(Finding(remark: "stopped in mid-run (\(now.status.rawValue))", lowers: false))
    } else if now.status == .migrating && was?.status != .migrating {
      findings.append(Finding(remark: "migrates to another host", lowers: false))
    } else if let before = was?.host, let host = now.host, before != host {
      findings.append(Finding(remark: "moved to another host in mid-run", lowers: false))
    }
    guard let was else { return findings }
    for disk in disks.sorted(by: { $0.id < $1.id }) where !was.disks.contains(disk.id) {
      findings.append(
        Finding(remark: "\(disk.alias) was attached in mid-run and is not in the cut", lowers: true))
    }
    for disk in machine.disks where !disks.contains(where: { $0.id == disk.disk }) {
      findings.append(Finding(remark: "\(disk.alias) was detached in mid-run", lowers: false))
    }
    return findings
  }
}
