import DRKit

/// The secondary cluster, administered by the `gluster` command on one of its nodes.
public struct GlusterSecondaryCluster: SecondaryCluster {
  public let volume: String
  private let cli: GlusterAnswer

  /// - Parameter runner: reaches a secondary node, as a user who may run `gluster`.
  public init(volume: String, runner: any CommandRunner, deadline: TimeSpan = .seconds(150)) {
    self.volume = volume
    self.cli = GlusterAnswer(runner: runner, deadline: deadline)
  }

  public func geometry() async throws(DRError) -> VolumeGeometry {
    try await VolumeQueries(cli: cli).geometry(volume)
  }

  public func clients() async throws(DRError) -> [BrickClients] {
    let root = try await cli.xml(
      "list the volume's clients", volume, ["volume", "status", volume, "clients"], isQuery: true)
    return try ClientRows.read(root, volume: volume)
  }

  public func dataMover() async throws(DRError) -> DataMover {
    try await RsyncVersion.ask(cli, of: volume, site: "secondary")
  }

  /// Repeating it is harmless. Views opened before keep the setting they were opened with for some seconds.
  public func setReadOnly(_ readOnly: Bool) async throws(DRError) {
    _ = try await cli.xml(
      "set features.read-only", volume,
      ["volume", "set", volume, "features.read-only", readOnly ? "on" : "off"])
  }
}
