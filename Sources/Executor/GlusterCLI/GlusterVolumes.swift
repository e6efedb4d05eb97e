import DRKit
import GlusterFiles

/// The primary volume's content, through fresh mounts on this host.
public struct GlusterPrimaryVolume: PrimaryVolume {
  private let mount: GlusterMount
  private let queries: VolumeQueries
  private let agent: AgentDigest?

  /// - Parameters:
  ///   - mount: of the primary volume.
  ///   - runner: reaches a primary node, for the list of bricks.
  ///   - deadline: for one `gluster` command.
  ///   - agent: digests the content; nil: it is read through the mount.
  public init(
    mount: GlusterMount, runner: any CommandRunner, deadline: TimeSpan = .seconds(150),
    agent: AgentDigest? = nil
  ) {
    self.mount = mount
    self.agent = agent
    self.queries = VolumeQueries(cli: GlusterAnswer(runner: runner, deadline: deadline))
  }

  public func view() async throws(DRError) -> any VolumeView {
    let view = try await mount.view(isCopy: false)
    return agent.map { AgentView(mount: view, agent: $0) } ?? view
  }

  /// - Parameter directory: relative to the volume's root; made, with its parent's owner and mode, if it is not there.
  /// - Throws: `.unfit` when a subvolume can't be reached by any name.
  public func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    let directory = try VolumePath(directory: directory)
    let subvolumes = try await queries.info(mount.volume).subvolumes.map { $0.map(\.name) }
    let view = try await mount.view(isCopy: false)
    let nonces: Result<[Nonce], DRError>
    do throws(DRError) {
      nonces = .success(
        try await view.perform("write nonces", directory) { files throws(DRError) in
          try NoncePlacement(files: files, subvolumes: subvolumes, directory: directory).write(content)
        })
    } catch {
      nonces = .failure(error)
    }
    await view.close()
    return try nonces.get()
  }
}

/// The secondary volume's content, through fresh mounts on this host.
public struct GlusterSecondaryVolume: SecondaryVolume {
  private let mount: GlusterMount
  private let agent: AgentDigest?

  /// - Parameters:
  ///   - mount: of the secondary volume.
  ///   - agent: digests the content; nil: it is read through the mount.
  public init(mount: GlusterMount, agent: AgentDigest? = nil) {
    self.mount = mount
    self.agent = agent
  }

  public func view() async throws(DRError) -> any VolumeView {
    let view = try await mount.view(isCopy: false)
    return agent.map { AgentView(mount: view, agent: $0) } ?? view
  }
}
