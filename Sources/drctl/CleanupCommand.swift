import ArgumentParser
import DRKit
import Foundation
import Site

struct CleanupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup",
    abstract: "Find snapshots that a sync, drkit's or another's, left on the domain's machines; merge them.",
    discussion: """
      Lists snapshots that drkit, vmbackup.py (ovirt-georep-backup) and the engine's own Gluster sync make, by their exact names; \
      an administrator's own are not looked at. Merged, after asking, are those of which no sync can be in hand: drkit's, if no \
      run of this domain is unfinished and the lease is free; the others', if the session is at rest. The secondary is not \
      touched: see `drctl secondary assess`.

      Examples:
        drctl cleanup vms --dry-run
        drctl cleanup vms --yes --json

      Exit codes: 0 nothing stands; 1 something stands: refused, not merged, or not agreed to; 69 unreachable; 75 a run is at \
      work; 78 bad configuration.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain's name, as configured.") var domain: String
  @Flag(help: "List; change nothing.") var dryRun = false
  @Flag(help: "Do not ask.") var yes = false

  /// What `--json` prints.
  struct Answer: Encodable {
    var found: LeftoverReport
    /// Absent when nothing was done.
    var outcome: Cleanup.Outcome?
  }

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let domain = try configuration.domain(domain)
      let answer = try await SiteAssembly.with(configuration, domain, observer: SilentObserver()) { site in
        let cleanup = Cleanup(ports: site.ports, target: site.target, policy: site.policy)
        var answer = Answer(found: try await cleanup.look(), outcome: nil)
        if !options.json { print(answer.found) }
        let mergeable = answer.found.mergeable
        if !mergeable.isEmpty, !dryRun, try agrees(mergeable.count) {
          answer.outcome = try await cancelledBySignals {
            try await cleanup.merge(mergeable, owner: SystemRandom.runID())
          }
        }
        return answer
      }
      if options.json {
        Console.out(try JSONText.of(answer))
      } else if let outcome = answer.outcome {
        Console.out("merged \(outcome.merged.count) snapshot(s)")
        for leftover in outcome.standing { print(leftover) }
      }
      let stands = answer.found.leftovers.count - (answer.outcome?.merged.count ?? 0)
      if stands > 0 { throw ExitCode(Exit.failed) }
    }
  }

  private func print(_ report: LeftoverReport) {
    if let session = report.session { Console.out("the session is not at rest: \(session)") }
    if report.leftovers.isEmpty { Console.out("no sync left a snapshot on a machine of \(domain)") }
    for leftover in report.leftovers { print(leftover) }
  }

  private func print(_ leftover: Leftover) {
    let head = leftover.refusal == nil ? "leftover" : "REFUSED"
    Console.out(
      "\(head.padded(10))\(leftover.machineName): \"\(leftover.description)\" (\(leftover.maker.rawValue))")
    if let refusal = leftover.refusal {
      Console.out("\("".padded(10))\(refusal)\n\("".padded(10))→ \(leftover.remedy)")
    }
  }

  private func agrees(_ count: Int) throws -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1, !options.json else {
      throw DRError(
        .refused, "clean up", domain, reason: "there is no terminal to ask on",
        remedy: "look at the list with --dry-run, then repeat with --yes")
    }
    Console.raw("Merge these \(count) snapshot(s)? Type yes: ")
    return readLine() == "yes"
  }
}
