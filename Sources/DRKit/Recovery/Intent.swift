/// What the secondary carries of a run from before the run's first byte: whoever finds it without the run's manifest knows
/// that the images were being overwritten, and by whom. Recovery must need neither the primary nor its journal.
public struct Intent: Sendable, Codable, Hashable {
  /// The newest format that this drkit writes and reads.
  public static let newestFormat = 1

  public var format = Intent.newestFormat
  public var run: RunID
  public var key: DestinationKey
  /// As the primary's engine names it.
  public var domain: StorageDomain
  public var session: SessionName
  /// One more than the greatest at the secondary when it was written: the order of runs, whatever clocks did meanwhile.
  public var sequence: Int64
  /// The runs whose records were there when it was written: each is older, also one whose record can't be read any more.
  public var seen: [RunID]
  public var written: Instant
  /// The pass that is about to start: `converge` carries no snapshots and has no plan.
  public var pass: String
  /// `POOL_UUID` of the primary's `dom_md/metadata`: a domain attached elsewhere at the secondary is live.
  public var pools: [String]
  /// Subvolumes of the primary, each of which has a nonce.
  public var subvolumes: Int
  public var plan: QuiescePlan?
  /// The machines whose snapshots are `ok`, and when they were asked for.
  public var frozen: [FrozenMachine]
  /// The instant that the run's point would have: the earliest of `frozen`.
  public var instant: Instant?
  /// The `.meta` of every frozen base and of what it stands on, as they are to be once the overlays are gone.
  public var metadata: [RecordedMetadata]
  /// The newest point that stood at the secondary when this was written.
  public var predecessor: Predecessor?

  public struct FrozenMachine: Sendable, Codable, Hashable {
    public var machine: VirtualMachineID
    public var requested: Instant
  }

  public struct RecordedMetadata: Sendable, Codable, Hashable {
    public var disk: DiskID
    public var volume: VolumeID
    public var text: String
  }

  public struct Predecessor: Sendable, Codable, Hashable {
    public var run: RunID
    public var instant: Instant
    public var sealed: Instant
  }
}

/// What the secondary itself carries of a point: recovery must not need the primary's journal.
struct Manifest: Sendable, Codable, Hashable {
  static let newestFormat = 1

  var format = Manifest.newestFormat
  var point: RecoveryPoint
  var configurations: [DescribePhase.Configuration]
  /// The run of the point that this one replaces. Absent from manifests of older versions.
  var predecessor: RunID?
}

/// Intents and manifests as bytes. A format of the future is named as such, before anything else of it is looked at.
enum RecordCoding {
  static func intent(_ bytes: [UInt8], path: String) throws(DRError) -> Intent {
    try decode(Intent.self, newest: Intent.newestFormat, bytes, path)
  }

  static func manifest(_ bytes: [UInt8], path: String) throws(DRError) -> Manifest {
    try decode(Manifest.self, newest: Manifest.newestFormat, bytes, path)
  }

  private struct Head: Decodable {
    var format: Int
  }

  private static func decode<T: Decodable>(
    _ type: T.Type, newest: Int, _ bytes: [UInt8], _ path: String
  ) throws(DRError) -> T {
    func bad(_ reason: String, _ remedy: String) -> DRError {
      DRError(.malformed, "read a record of a run", path, reason: reason, remedy: remedy)
    }
    guard !bytes.isEmpty else { throw bad("the file is empty", "nothing is known of this run") }
    let head: Head
    do throws(DRError) {
      head = try JournalCoding.decode(Head.self, from: bytes, for: path)
    } catch {
      throw bad("it is no record of drkit's, or cut off", "nothing is known of this run")
    }
    guard (1...newest).contains(head.format) else {
      throw bad(
        "it has format \(head.format); this drkit reads 1 to \(newest)",
        "use the version of drkit that wrote it, or a newer one")
    }
    do throws(DRError) {
      return try JournalCoding.decode(T.self, from: bytes, for: path)
    } catch {
      throw bad("it can't be decoded: \(error.reason)", "nothing is known of this run")
    }
  }
}
