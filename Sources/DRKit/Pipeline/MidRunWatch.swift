/// A machine with disks on the domain, as the engine showed it at one time.
public struct SeenMachine: Hashable, Sendable, Codable {
  public var id: VirtualMachineID
  public var name: String
  public var status: MachineStatus
  public var host: HostID?
  public var disks: [DiskID]
}

/// What guests and administrators did between the cut and the seal: by two looks at the engine, and by the engine's log for what
/// began and ended between the looks (a stop and a start, a migration there and back, a snapshot that came and went). Where the
/// looks have a word on something, the log adds none.
struct MidRunWatch: Sendable {
  struct Finding: Hashable, Sendable {
    /// What it is about.
    enum Theme: Hashable, Sendable { case running, host, disks, snapshots, presence }

    var theme: Theme
    var remark: String
    /// Whether the machine's point is less for it.
    var lowers = false
  }

  /// The planned machines, with their order kept.
  var findings: [VirtualMachineID: [Finding]] = [:]
  /// Machines that were not cut, and run now, or ran meanwhile.
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
  ///   - events: Of the log, from before `before` to after `now`, without drkit's own.
  init(
    before: [SeenMachine], now: [(VirtualMachine, [AttachedDisk])], planned: [MachinePlan],
    events: [MachineEvent] = []
  ) {
    var logged: [VirtualMachineID: LoggedLife] = [:]
    for event in events { logged[event.machine, default: LoggedLife()].add(event) }
    for machine in planned {
      let was = before.first { $0.id == machine.id }
      let found = now.first { $0.0.id == machine.id }
      var seen = Self.findings(of: machine, was, found)
      if let life = logged[machine.id] {
        let isBack = was?.host != nil && was?.host == found?.0.host
        seen += life.findings(besides: Set(seen.map(\.theme)), isBack: isBack)
      }
      findings[machine.id] = seen
    }
    for (machine, _) in now.sorted(by: { $0.0.id < $1.0.id }) {
      guard !planned.contains(where: { $0.id == machine.id }) else { continue }
      let remark: String
      if let was = before.first(where: { $0.id == machine.id }) {
        guard !was.status.mayWrite else { continue }
        if machine.status.mayWrite {
          remark = "started in mid-run; its images arrived torn"
        } else if logged[machine.id]?.hasStarted ?? false {
          remark = "started and stopped again in mid-run; its images arrived torn"
        } else {
          continue
        }
      } else {
        remark = "came to the domain in mid-run"
      }
      strangers.append(
        MachineVerdict(machine: machine.id, name: machine.name, grade: .notInPoint, remarks: [remark]))
    }
  }

  /// What to say of a planned machine besides what the looks at its snapshot say.
  /// - Parameter isForeign: its snapshot has somebody else's on top, which is said already.
  func findings(of machine: VirtualMachineID, isForeign: Bool) -> [Finding] {
    let found = findings[machine] ?? []
    return isForeign ? found.filter { $0.theme != .snapshots } : found
  }

  private static func findings(
    of machine: MachinePlan, _ was: SeenMachine?, _ found: (VirtualMachine, [AttachedDisk])?
  ) -> [Finding] {
    guard let (now, disks) = found else {
      return [Finding(theme: .presence, remark: "gone from the domain in mid-run")]
    }
    var findings: [Finding] = []
    if !now.status.mayWrite {
      findings.append(Finding(theme: .running, remark: "stopped in mid-run (\(now.status.rawValue))"))
    } else if now.status == .migrating && was?.status != .migrating {
      findings.append(Finding(theme: .host, remark: "migrates to another host"))
    } else if let before = was?.host, let host = now.host, before != host {
      findings.append(Finding(theme: .host, remark: "moved to another host in mid-run"))
    }
    guard let was else { return findings }
    for disk in disks.sorted(by: { $0.id < $1.id }) where !was.disks.contains(disk.id) {
      findings.append(
        Finding(
          theme: .disks, remark: "\(disk.alias) was attached in mid-run and is not in the cut", lowers: true))
    }
    for disk in machine.disks where !disks.contains(where: { $0.id == disk.disk }) {
      findings.append(Finding(theme: .disks, remark: "\(disk.alias) was detached in mid-run"))
    }
    return findings
  }
}
