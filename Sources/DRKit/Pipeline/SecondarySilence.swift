/// Whether anything but the volume's own daemons and this look itself is connected to the secondary's bricks.
///
/// The status `Stopped` is no proof that no worker lives: one whose monitor died goes on delivering under it, and neither
/// `stop` nor `stop force` ends it (docs/real-systems.md, "Kills and orphan workers"). Its mount of the secondary is what can't
/// hide: each brick counts its clients, told only by address and port.
struct SecondarySilence {
  let volume: any SecondaryVolume
  let cluster: any SecondaryCluster
  let known: [String]

  static let remedy =
    "end what has the secondary volume mounted: on the primary nodes a `gsyncd.py worker` without a monitor, elsewhere a mount "
    + "(gluster volume status VOLUME clients); list the address of a mount that only reads under `known-clients`"

  /// Nil when all is silent, otherwise who is connected, or what can't be known.
  ///
  /// Looks through a mount of our own: a brick that does not show it does not tell who is connected.
  func complaint() async throws(DRError) -> String? {
    let geometry = try await cluster.geometry()
    return try await withView(of: try await volume.view()) { (_) async throws(DRError) in
      Self.complaint(try await cluster.clients(), subvolumes: geometry.subvolumes, known: known)
    }
  }

  /// - Parameters:
  ///   - bricks: asked while one mount of our own was there.
  ///   - subvolumes: the secondary's bricks. In a replicated or dispersed volume the self-heal daemon of each node is a client of
  ///     every brick, and shows with its node's address: one a node is what they explain. (A worker's mount is at a secondary
  ///     node, too: where a daemon is down, one worker could pass for it.)
  ///   - known: addresses (without port) whose connections are not counted.
  static func complaint(_ bricks: [BrickClients], subvolumes: [[BrickName]], known: [String]) -> String? {
    let own = 1
    let isHealed = subvolumes.contains { $0.count > 1 }
    let daemons = isHealed ? Set(subvolumes.joined().map(\.node)).count : 0
    let telling = bricks.filter { $0.clients.count >= own }
    if let mute = subvolumes.first(where: { set in !telling.contains { set.contains($0.brick) } }) {
      let names = mute.map(\.description).joined(separator: ", ")
      return "no brick of \(names) tells who is connected to it"
    }
    var strangers: Set<String> = []
    for brick in telling {
      let counted = brick.clients.filter { !known.contains($0.address) }
      let repeats = counted.count - Set(counted.map(\.address)).count
      if counted.count > daemons + own || repeats > own {
        strangers.formUnion(counted.map { "\($0.address):\($0.port)" })
      }
    }
    guard !strangers.isEmpty else { return nil }
    let most =
      daemons == 0 ? "our own mount is" : "the self-heal daemons of \(daemons) nodes and our own mount are"
    return "more than \(most) connected to its bricks: \(strangers.sorted().joined(separator: ", "))"
  }
}

extension RunContext {
  private var silence: SecondarySilence {
    SecondarySilence(volume: ports.secondary, cluster: ports.cluster, known: policy.knownClients)
  }

  /// Waits for the secondary to fall silent: a mount that ended shows for a moment longer.
  /// - Throws: `.disproved` when it does not.
  func proveSilence(_ phase: Phase) async throws(DRError) {
    let deadline = ports.clock.now + policy.silenceLimit
    while let complaint = try await durable.retrying({ () async throws(DRError) in
      try await silence.complaint()
    }) {
      let now = ports.clock.now
      guard now < deadline else {
        throw DRError(
          .disproved, "prove that the secondary is silent", ports.georep.session.description,
          reason: "the session is stopped, but \(complaint)", remedy: SecondarySilence.remedy)
      }
      ports.observer.observe(
        .waiting(phase, reason: "the secondary to fall silent", deadline: deadline), at: now)
      try await ports.clock.sleep(for: policy.statusInterval)
    }
  }
}
