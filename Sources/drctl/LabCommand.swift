import DRKit
import Simulator
import TestBed

/// `drctl testbed engine` in lab mode: real images, real writers, and the REST API of the engine that owns them.
struct LabCommand {
  struct Options {
    var primary: LabSite.Volume
    var other: LabSite.Volume
    var settings: LabSettings
  }

  /// The ids of a lab's machines and disks: the same at each start, so that a bed finds its images again.
  private static let seed: UInt64 = 1

  let lab: Options
  let address: TestBedServer.Address
  let credentials: BedCredentials
  let log: @Sendable (String) -> Void
  let onListening: @Sendable (Int) async -> Void

  func run() async throws {
    let site = LabSite.standard(seed: Self.seed, primary: lab.primary, other: lab.other)
    let bed = try LabBed(engine: site.engine, storage: site.storage, settings: lab.settings)
    try await bed.start()
    let result: Result<Void, any Error>
    do {
      try await bed.writeReport()
      let server = try TestBedServer(
        model: site.engine, performer: bed.performer, listen: address, credentials: credentials, log: log,
        onListening: onListening)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        group.addTask { try await keepReporting(bed) }
        defer { group.cancelAll() }
        // The report goes on until cancelled, so the first to end is the server.
        try await group.next()
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    try await bed.stop()
    try result.get()
  }

  /// The report on disk is never older than a few seconds: a test reads it while the bed goes on.
  private func keepReporting(_ bed: LabBed) async throws {
    while !Task.isCancelled {
      try await Task.sleep(nanoseconds: 2_000_000_000)
      try await bed.writeReport()
    }
  }
}
