/// Whether anything but the volume's own daemons is connected to the secondary's bricks.
///
/// The status `Stopped` is no proof that no worker lives: one whose monitor died goes on delivering under it, and neither
/// `stop` nor `stop force` ends it (docs/real-systems.md, "Kills and orphan workers"). Its mount of the secondary is what can't
/// hide: each brick counts its clients, told only by address and port.
struct SecondarySilence {
  let context: RunContext

  static let remedy =
    "end what has the secondary volume mounted: on the primary nodes a `gsyncd.py worker` without a monitor, elsewhere a mount "
    + "(gluster volume status VOLUME clients); list the address of a mount that only reads under `known-clients`"

  /// Nil when all is silent, otherwise who is connected.
  ///
  /// - Parameters:
  ///   - subvolumes: the secondary's bricks. In a replicated or dispersed volume the self-heal daemon of each node is a client of
  ///     every brick, and shows with its node's address: one an address, and no more addresses than nodes, is what they explain.
  ///   - known: addresses (without port) whose connections are not counted.
  static func complaint(_ clients: [VolumeClient], subvolumes: [[BrickName]], known: [String]) -> String? {
    let daemons = subvolumes.contains { $0.count > 1 } ? Set(subvolumes.joined().map(\.node)).count : 0
    var strangers: Set<String> = []
    for brick in Set(clients.map(\.brick)).sorted() {
      let here = clients.filter { $0.brick == brick && !known.contains($0.address) }
      let addresses = Set(here.map(\.address))
      if addresses.count > daemons || here.count > addresses.count {
        strangers.formUnion(here.map { "\($0.address):\($0.port)" })
      }
    }
    guard !strangers.isEmpty else { return nil }
    let expected = daemons == 0 ? "" : " (more than the self-heal daemons of \(daemons) nodes)"
    return "connected to its bricks: \(strangers.sorted().joined(separator: ", "))\(expected)"
  }

  /// Nil when all is silent. A look that fails is the port's error.
  func complaint() async throws(DRError) -> String? {
    let geometry = try await context.ports.cluster.geometry()
    return Self.complaint(
      try await context.ports.cluster.clients(), subvolumes: geometry.subvolumes,
      known: context.policy.knownClients)
  }
}
