import DRKit
import OrderedCollections

/// What guests, hosts and administrators do to machines, and the lines that the engine's log gets. Nothing is checked: guests do not
/// ask.
extension EngineModel {
  /// Sets a status without a word in the log: as a site is built, and for what the log has no line for.
  public mutating func setStatus(_ status: MachineStatus, of machine: VirtualMachineID) {
    machines[machine]?.status = status
  }

  /// The guest is down. A machine that is down already stays so, and nothing is logged.
  public mutating func guestStops(_ id: VirtualMachineID, now: Instant) {
    guard let machine = machines[id], machine.status.mayWrite else { return }
    setStatus(.down, of: id)
    log(.down, "VM \(machine.name) is down.", machine: id, correlationID: nil, now: now)
  }

  /// Somebody starts the machine, and it runs.
  public mutating func guestStarts(_ id: VirtualMachineID, now: Instant) {
    guard let machine = machines[id], !machine.status.mayWrite else { return }
    setStatus(.up, of: id)
    log(
      .started, "VM \(machine.name) was started by admin@internal.", machine: id, correlationID: nil, now: now
    )
    log(.running, "VM \(machine.name) started.", machine: id, correlationID: nil, now: now)
  }

  /// The machine is on its way to another host.
  public mutating func migrationBegins(_ id: VirtualMachineID, now: Instant) {
    guard let machine = machines[id] else { return }
    setStatus(.migrating, of: id)
    log(
      .migrationStarted, "Migration started (VM: \(machine.name)).", machine: id, correlationID: nil, now: now
    )
  }

  /// The machine runs at `host` from now on.
  public mutating func migrationEnds(_ id: VirtualMachineID, at host: HostID?, now: Instant) {
    guard let machine = machines[id] else { return }
    setStatus(.up, of: id)
    machines[id]?.host = host
    log(
      .migrationDone, "Migration completed (VM: \(machine.name)).", machine: id, correlationID: nil, now: now)
  }

  /// A new disk of a machine that runs.
  public mutating func diskAdded(_ attachment: EngineAttachment, to id: VirtualMachineID, now: Instant) {
    guard let machine = machines[id] else { return }
    attach(attachment, to: id)
    let alias = disks[attachment.disk]?.alias ?? ""
    log(
      .diskAdded, "The disk \(alias) was successfully added to VM \(machine.name).", machine: id,
      correlationID: nil, now: now)
  }
}
