import DRKit
import Synchronization

/// Runs commands by ssh on whichever node of a cluster answers: when one does not, the next is asked.
///
/// A command that never began is asked of the next node, whatever it is. One whose answer was lost may have taken effect: only a
/// query goes to another node then, since asking twice changes nothing. A lost change is `.transient`, and whoever wanted it
/// decides; the pipeline repeats its steps, which it may on any node: gluster's commands are transactions of the whole cluster under
/// one lock, and the adapters take "already started" and the like for success, so that a second node says what the first would
/// have said. A refusal in gluster's own words is an answer, and no other node is asked.
///
/// It stays with the node that answered last: the connect timeout of a dead one is paid once, not for every command.
public final class ClusterRunner: CommandRunner {
  private let hosts: [SSHRunner]
  private let place = Mutex(Place())
  private let note: @Sendable (String) -> Void

  private struct Failure {
    var host: String
    var error: DRError

    var text: String { "\(host): \(error.reason)" }
  }

  private struct Place {
    var current = 0
    /// The node that was named last in a note.
    var told: Int?
  }

  /// - Parameters:
  ///   - hosts: at least one; asked in this order.
  ///   - note: hears which node answers first, and each change, with the reason.
  public init(_ hosts: [SSHRunner], note: @escaping @Sendable (String) -> Void = { _ in }) {
    self.hosts = hosts
    self.note = note
  }

  public func run(_ command: Command) async throws(DRError) -> CommandResult {
    let first = place.withLock { $0.current }
    var failures: [Failure] = []
    for step in hosts.indices {
      let index = (first + step) % hosts.count
      switch try await hosts[index].attempt(command) {
      case .answered(let result):
        answered(index, after: failures)
        return result
      case .notBegun(let error): failures.append(Failure(host: hosts[index].host, error: error))
      case .lost(let error):
        guard command.isQuery else { throw error }
        failures.append(Failure(host: hosts[index].host, error: error))
      }
    }
    throw Self.silence(failures, command)
  }

  private func answered(_ index: Int, after failures: [Failure]) {
    let isNews = place.withLock { place in
      place.current = index
      defer { place.told = index }
      return place.told != index
    }
    guard isNews else { return }
    let why = failures.isEmpty ? "" : ", after " + failures.map(\.text).joined(separator: "; ")
    note("\(hosts[index].host) answers\(why)")
  }

  /// Only when no node will ever answer is the configuration to blame.
  private static func silence(_ failures: [Failure], _ command: Command) -> DRError {
    DRError(
      failures.contains { $0.error.kind == .transient } ? .transient : .unfit, "run by ssh",
      command.description, reason: "no node answers: " + failures.map(\.text).joined(separator: "; "),
      remedy: "see that one of \(failures.map(\.host).joined(separator: ", ")) answers ssh")
  }
}
