import DRKit
import Simulator

/// Does the engine's long work on real files with real QEMU.
struct LabPerformer: WorkPerformer {
  let storage: LabStorekeeper
  let machines: [VirtualMachineID: LabMachine]
  let domains: [StorageDomainID: LabDomain]
  let log: LabOperationLog

  func perform(
    _ work: EngineWork, engine: EngineModel, report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome {
    switch work.kind {
    case .snapshot(let machine, _, let steps):
      return await snapshot(machine, steps, doomed: work.doomed, report: report)
    case .merge(let machine, _, let steps):
      return await merge(machine, steps, engine: engine, doomed: work.doomed, report: report)
    case .updateOVF(let domain):
      return await updateOVF(of: domain, engine: engine, doomed: work.doomed)
    }
  }

  // MARK: - Snapshots

  private func snapshot(
    _ id: VirtualMachineID, _ steps: [VolumeStep], doomed: String?,
    report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome {
    let machine: LabMachine
    let places: [LabDomain]
    do throws(DRError) {
      (machine, places) = try (known(id), steps.map(place))
    } catch {
      return .failed(reason: error.description)
    }
    var operation = LabOperation(.snapshot, machine: machine.name, disks: steps.count)
    var mayHaveSwitched = false
    do throws(DRError) {
      try await machine.createOverlays(steps, in: places)
      operation.mark("create")
      await report(.volumesCreated)
      if let doomed { throw DRError(.refused, "create a snapshot", machine.name, reason: doomed) }
      mayHaveSwitched = true
      let timing = try await machine.switchToOverlays(steps, in: places)
      operation.mark("open", timing.open)
      operation.mark("transaction", timing.transaction)
      log.append(operation.ended())
      return .done
    } catch {
      log.append(operation.ended(failure: error))
      // QEMU's refusal leaves every disk where it was. After anything else nobody knows.
      guard !mayHaveSwitched || error.kind == .refused else { return .failedInUse(reason: error.description) }
      do throws(DRError) {
        try await machine.discardOverlays(steps, in: places)
      } catch let second {
        return .failed(reason: "\(doomed ?? error.description); and then \(second)")
      }
      return .failed(reason: doomed ?? error.description)
    }
  }

  // MARK: - Merges

  private func merge(
    _ id: VirtualMachineID, _ steps: [VolumeStep], engine: EngineModel, doomed: String?,
    report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome {
    // Doomed work does a part of it: all disks but the last.
    let feasible = doomed == nil ? steps : Array(steps.dropLast())
    do throws(DRError) {
      let machine = try known(id)
      for step in feasible {
        var operation = LabOperation(.merge, machine: machine.name, disks: 1, disk: step.disk)
        do throws(DRError) {
          let timing = try await machine.merge(
            step, in: try place(of: step), child: child(of: step, in: engine))
          operation.mark("ready", timing.ready)
          operation.mark("pivot", timing.pivot)
          operation.mark("commit", timing.total)
        } catch {
          log.append(operation.ended(failure: error))
          throw error
        }
        log.append(operation.ended())
        await report(.merged(step.disk))
      }
    } catch {
      return .failed(reason: error.description)
    }
    return doomed.map { .failed(reason: $0) } ?? .done
  }

  /// The volume directly above the step's overlay.
  private func child(of step: VolumeStep, in engine: EngineModel) -> VolumeID? {
    guard !step.isActive, let chain = engine.disk(step.disk)?.chain,
      let index = chain.firstIndex(where: { $0.id == step.overlay }), index + 1 < chain.count
    else { return nil }
    return chain[index + 1].id
  }

  // MARK: - OVF_STORE

  private func updateOVF(of id: StorageDomainID, engine: EngineModel, doomed: String?) async -> WorkOutcome {
    let name = engine.domain(id)?.name ?? "\(id)"
    var operation = LabOperation(.updateOVF, machine: name, disks: 0)
    do throws(DRError) {
      if let doomed { throw DRError(.refused, "update OVF_STORE", name, reason: doomed) }
      guard let domain = domains[id] else { throw noMount(id) }
      let content = engine.currentOVFStore(of: id, now: Instant(nanoseconds: Int64(LabTime.wall())))
      let disks = engine.disks(on: id).filter { $0.contentType == "ovf_store" }
      operation.disks = disks.count
      try await storage.write(
        content,
        to: disks.compactMap { disk in
          disk.activeVolume.map { (disk.id, $0) }
        }, of: domain)
      log.append(operation.ended())
      return .done
    } catch {
      log.append(operation.ended(failure: error))
      return .failed(reason: doomed ?? error.description)
    }
  }

  // MARK: - Finding things

  private func known(_ id: VirtualMachineID) throws(DRError) -> LabMachine {
    guard let machine = machines[id] else {
      throw DRError(.missing, "work on a machine", "\(id)", reason: "the lab was started without it")
    }
    return machine
  }

  private func place(of step: VolumeStep) throws(DRError) -> LabDomain {
    guard let domain = domains[step.domain] else { throw noMount(step.domain) }
    return domain
  }

  private func noMount(_ id: StorageDomainID) -> DRError {
    DRError(.missing, "work on a storage domain", "\(id)", reason: "the lab has no mount for it")
  }
}

/// Creates domains and images that belong to no machine, and writes OVF_STORE disks: on a thread of its own.
actor LabStorekeeper {
  private nonisolated let executor: ThreadExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init() throws(DRError) {
    executor = try ThreadExecutor(name: "storage")
  }

  func create(_ domain: LabDomain, _ volumes: [[EngineModel.StoredVolume]]) throws(DRError) {
    try domain.create()
    for chain in volumes { try domain.create(chain) }
  }

  func write(
    _ content: OVFStoreContent, to disks: [(disk: DiskID, volume: VolumeID)], of domain: LabDomain
  ) throws(DRError) {
    try domain.write(content, to: disks)
  }

  /// A directory, and a file, of the bed's own.
  func makeDirectory(_ path: String) throws(DRError) {
    try LabFiles.makeDirectory(path, forVDSM: false)
  }

  func write(_ text: String, to path: String) throws(DRError) {
    try LabFiles.replace(path, text, forVDSM: false)
  }
}
