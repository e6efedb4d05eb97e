import DRKit
import Simulator

/// One machine of the lab: its disks as files, and while it runs a storage daemon that has them open and a writer that
/// plays the guest. An actor on a thread of its own, since all of this blocks.
actor LabMachine {
  /// A disk of the machine.
  struct Disk: Hashable, Sendable {
    var id: DiskID
    var alias: String
    var domain: LabDomain
    /// The chain when the lab was set up, the bottom first.
    var volumes: [EngineModel.StoredVolume]
    /// Whether the machine's daemon opens it and its guest writes to it.
    var isWritten: Bool
    var isShareable: Bool

    var chain: [ImageFile] {
      volumes.map { domain.image(id, $0.volume, $0.metadata.format) }
    }
  }

  /// How the machine's guest fared.
  struct Condition: Sendable {
    var name: String
    var id: VirtualMachineID
    var isRunning: Bool
    /// The disks that the guest writes to: a disk's place here is its index in the stamps.
    var written: [Disk]
    var blocks: UInt64
    /// Nil for a machine that never ran.
    var statistics: StampWriter.Statistics?
  }

  nonisolated let name: String
  nonisolated let id: VirtualMachineID
  private nonisolated let executor: ThreadExecutor
  private let settings: LabSettings
  private let disks: [Disk]
  /// The chains as they are now, the bottom first.
  private var chains: [DiskID: [ImageFile]] = [:]
  private var daemon: StorageDaemon?
  private var writer: StampWriter?
  private var lastStatistics: StampWriter.Statistics?

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(name: String, id: VirtualMachineID, disks: [Disk], settings: LabSettings) throws(DRError) {
    self.name = name
    self.id = id
    self.disks = disks
    self.settings = settings
    for disk in disks { chains[disk.id] = disk.chain }
    executor = try ThreadExecutor(name: name)
  }

  private var written: [Disk] { disks.filter(\.isWritten) }

  /// Creates the images that are missing.
  func createImages() throws(DRError) {
    for disk in disks { try disk.domain.create(disk.volumes) }
  }

  /// Starts the daemon and the guest. Does nothing when the machine runs already.
  func start() throws(DRError) {
    guard daemon == nil else { return }
    let daemon = try StorageDaemon(name: name, directory: settings.runDirectory, options: settings.daemon)
    self.daemon = daemon
    do throws(DRError) {
      for disk in written { try daemon.attach(disk.id, chain: chains[disk.id] ?? []) }
      guard !written.isEmpty else { return }
      writer = try StampWriter(
        StampWriter.Plan(
          socket: daemon.nbdPath, exports: written.map { "\($0.id)" }, blocks: settings.blocks,
          rate: settings.rate,
          flushEvery: settings.flushEvery))
    } catch {
      stop()
      throw error
    }
  }

  /// Ends the guest, then the daemon. Does nothing when the machine is down.
  func stop() {
    let isHeldUp = writer?.stop().hasEnded == false
    daemon?.quit()
    daemon = nil
    // With the daemon goes the connection that a guest still hangs on.
    if let writer { lastStatistics = isHeldUp ? writer.stop() : writer.statistics }
    writer = nil
  }

  var condition: Condition {
    Condition(
      name: name, id: id, isRunning: daemon != nil, written: written, blocks: settings.blocks,
      statistics: writer?.statistics ?? lastStatistics)
  }

  // MARK: - Work for the engine

  /// The first half of a snapshot: overlays and metadata, while the guest writes to the bases.
  func createOverlays(_ steps: [VolumeStep], in domains: [LabDomain]) throws(DRError) {
    let now = Instant(nanoseconds: Int64(LabTime.wall()))
    for (step, domain) in zip(steps, domains) { try domain.createOverlay(step, now: now) }
  }

  /// The second half: the guest's writes go to the overlays from one instant on. Zero for a machine that is down: whoever
  /// starts it next opens the overlays.
  func switchToOverlays(
    _ steps: [VolumeStep], in domains: [LabDomain]
  ) throws(DRError) -> StorageDaemon.SnapshotTiming {
    let overlays = zip(steps, domains).map { (step, domain) in
      (disk: step.disk, image: domain.image(step.disk, step.overlay, .cow))
    }
    // A disk that the daemon has not open (another machine's) has nothing to switch here.
    let open = overlays.filter { daemon?.chains[$0.disk] != nil }
    var timing = StorageDaemon.SnapshotTiming()
    if let daemon, !open.isEmpty { timing = try daemon.snapshot(open) }
    for overlay in overlays { chains[overlay.disk]?.append(overlay.image) }
    return timing
  }

  /// Undoes `createOverlays`, as far as it came.
  func discardOverlays(_ steps: [VolumeStep], in domains: [LabDomain]) throws(DRError) {
    for (step, domain) in zip(steps, domains) {
      try patiently { () throws(DRError) in try domain.removeOverlay(step) }
    }
  }

  /// Merges one disk's overlay into its base, live when the machine runs, and removes its files. What an earlier attempt
  /// did already is not done again.
  ///
  /// - Parameter child: The volume that stands on the overlay; nil when the guest writes to the overlay itself.
  func merge(
    _ step: VolumeStep, in domain: LabDomain, child: VolumeID?
  ) throws(DRError) -> StorageDaemon.MergeTiming {
    let overlay = domain.image(step.disk, step.overlay, .cow)
    var timing = StorageDaemon.MergeTiming()
    let open = daemon?.chains[step.disk].map { $0.map(\.image) }
    if (open ?? chains[step.disk])?.contains(overlay) == true {
      if let daemon, open != nil {
        timing = try daemon.merge(step.disk, path: overlay.path, limits: settings.mergeLimits)
      } else {
        let begin = LabTime.monotonic()
        try ImageTool.commit(overlay)
        if let child {
          try ImageTool.rebase(
            domain.image(step.disk, child, .cow), onto: domain.image(step.disk, step.base, step.baseFormat))
        }
        timing.total = .nanoseconds(Int64(LabTime.monotonic() - begin))
      }
    }
    chains[step.disk]?.removeAll { $0 == overlay }
    try patiently { () throws(DRError) in try domain.removeOverlay(step, child: child) }
    return timing
  }

  /// Tidying up while the volume may be away for a moment: tried again every second for a minute.
  private func patiently(_ body: () throws(DRError) -> Void) throws(DRError) {
    let deadline = LabDeadline(in: .minutes(1))
    while true {
      do throws(DRError) {
        return try body()
      } catch {
        guard error.kind == .transient, !deadline.hasPassed else { throw error }
      }
      LabTime.sleep(nanoseconds: 1_000_000_000)
    }
  }
}
