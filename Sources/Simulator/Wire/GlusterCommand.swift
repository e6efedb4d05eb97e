import DRKit
import GlusterCLI
import Simulator

/// A simulated `gluster` (10.3) over the simulated volumes: an argument vector in, bytes and an exit code out, at one instant.
///
/// No clock, no waiting: who calls it gives it its time, so that it serves virtual time and real time alike. It knows what the
/// adapter asks for and what the captures show (`Tests/GlusterCLITests/Captures`), one session and the two volumes of it;
/// anything else is a word that it does not know.
public struct GlusterCommand: Sendable {
  /// On a node of which cluster it runs.
  public enum Cluster: Sendable {
    case primary, secondary
  }

  public var cluster: Cluster

  public init(_ cluster: Cluster) { self.cluster = cluster }

  /// Runs `gluster` with these arguments.
  public func run(_ arguments: [String], _ session: inout SessionModel, now: Instant) -> CommandResult {
    var words = arguments
    var isXML = false
    while let first = words.first, first.hasPrefix("--") {
      if first == "--xml" { isXML = true }
      words.removeFirst()
    }
    // The CLI takes it at the end as well, but for `config checkpoint --xml`, where it is the value.
    if words.last == "--xml", words.dropLast().last != "checkpoint" {
      isXML = true
      words.removeLast()
    }
    let face = AnswerFace(isXML: isXML)
    switch (words.first, words.dropFirst().first) {
    case ("volume", "geo-replication"):
      guard cluster == .primary else { return face.geoReplicationFailed(Self.noVolume(words)) }
      return geoReplication(Array(words.dropFirst(2)), face, &session, now)
    case ("volume", "info"): return volumeInfo(Array(words.dropFirst(2)), face, session)
    case ("volume", "get"): return volumeGet(Array(words.dropFirst(2)), face, session)
    case ("volume", "status"): return volumeStatus(Array(words.dropFirst(2)), face, session)
    case ("volume", "set"): return volumeSet(Array(words.dropFirst(2)), face, &session)
    default: return face.unrecognised(words)
    }
  }

  private static func noVolume(_ words: [String]) -> String {
    "Volume \(words.count > 2 ? words[2] : "") does not exist"
  }

  /// The volume of this cluster.
  func volume(_ session: SessionModel) -> VolumeModel {
    cluster == .primary ? session.primary : session.secondary
  }

  /// A node's UUID in its pool: derived, so that the same node always has the same.
  static func uuid(of node: String) -> String {
    Identifier<NodeKind>.derived(from: space, name: "node/\(node)").description
  }

  static func uuid(ofVolume name: String) -> String {
    Identifier<NodeKind>.derived(from: space, name: "volume/\(name)").description
  }

  private static let space = Identifier<NodeKind>(high: 0x6472_6b69_742d_4769, low: 0x8d6c_7573_7465_7200)
}

enum NodeKind {}

/// How an answer looks: the same refusal is a document with `--xml`, and words on standard error without.
struct AnswerFace: Sendable {
  var isXML: Bool

  static let failed = "geo-replication command failed\n"

  func document(_ document: GlusterDocument) -> CommandResult {
    CommandResult(.exited(0), output: document.bytes)
  }

  func plain(_ text: String, exit: Int32 = 0, error: String = "") -> CommandResult {
    CommandResult(.exited(exit), output: Array(text.utf8), errorOutput: Array(error.utf8))
  }

  /// What fails in gsyncd's own CLI, and `status`: no XML even with `--xml`, and then exit code 2.
  func geoReplicationFailed(_ why: String) -> CommandResult {
    isXML ? plain(Self.failed, exit: 2) : plain(Self.failed, exit: 1, error: why + "\n")
  }

  func unrecognised(_ words: [String]) -> CommandResult {
    plain("", exit: 1, error: "unrecognized word: \(words.first ?? "") (position 0)\n")
  }
}
