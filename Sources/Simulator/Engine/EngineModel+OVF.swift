import DRKit
import OrderedCollections

extension EngineModel {
  /// Begins an update of the domain's OVF_STORE, as `POST storagedomains/{id}/updateovfstore` and the hourly job do.
  /// - Returns: the job that ends with the update.
  /// - Throws: 404 no such domain; 409 an update of this domain is running, or the domain is not active.
  @discardableResult
  public mutating func updateOVFStore(
    of domainID: StorageDomainID, correlationID: String? = nil, now: Instant
  ) throws(EngineFault) -> JobID {
    guard let domain = domains[domainID] else { throw .missing }
    let doomed = try injectedFault(.updateOVFStore, machine: nil)
    let verb = "update OVF store"
    if work.values.contains(where: { $0.work.kind == .updateOVF(domain: domainID) }) {
      throw .conflict("Cannot \(verb). Storage Domain OVF data is currently being updated.")
    }
    if domain.status != .active {
      throw .conflict("Cannot \(verb). The relevant Storage Domain's status is \(domain.status.rawValue).")
    }
    let item = begin(.updateOVF(domain: domainID), isLive: false, doomed: doomed)
    let job = beginJob(
      "Updating OVF data on Storage Domain \(domain.name)", correlationID: correlationID, now: now)
    work[item.id] = WorkInHand(work: item, job: job, correlationID: correlationID)
    return job
  }

  mutating func finishOVFUpdate(
    of domain: StorageDomainID, _ inHand: WorkInHand, _ outcome: WorkOutcome, now: Instant
  ) {
    guard case .done = outcome else {
      endJob(inHand.job, .failed, now: now)
      return
    }
    let content = currentOVFStore(of: domain, now: now)
    domains[domain]?.ovfStore = content
    endJob(inHand.job, .finished, now: now)
  }

  /// What an update that writes now would write. Machines that are `image_locked` or have a locked disk are left out of
  /// *this* update: their older document stays (B `ProcessOvfUpdateForStorageDomainCommand`).
  public func currentOVFStore(of domain: StorageDomainID, now: Instant) -> OVFStoreContent {
    let before = domains[domain]?.ovfStore
    var documents: [OVFDocument] = []
    for machine in machines(on: domain) {
      let attached = machine.attachments.compactMap { disks[$0.disk] }
      let isSkipped = machine.status == .imageLocked || attached.contains { $0.status == .locked }
      if let text = isSkipped ? before?.text(of: machine.id) : ovf(of: machine) {
        documents.append(OVFDocument(machine: machine.id, text: text))
      }
    }
    return OVFStoreContent(updated: now, documents: documents)
  }

  /// The machine's configuration as the engine would export it now; nil for an unknown machine.
  public func ovf(of machine: VirtualMachineID) -> String? { machines[machine].map(ovf(of:)) }

  private func ovf(of machine: EngineMachine) -> String {
    var text = OVFText(machine: machine)
    for attachment in machine.attachments {
      guard let disk = disks[attachment.disk], canBeSnapshotted(disk) else { continue }
      text.add(disk, attachment, active: machine.snapshots.last?.id)
    }
    return text.render()
  }
}
