import ArgumentParser
import DRKit
import Foundation
import Site

extension Secondary {
  struct Repair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Make a secondary importable: overlays away, leaves right, lost .meta files back. Nothing unproved.",
      discussion: """
        Prints the plan with the proof of each act, and what it refuses with the remedy; then asks. Nothing that a machine's \
        bytes lie in is touched but overlays that are proved to be a sync's own. Interrupted, it ends the image in hand; run \
        again, it does the rest.

        Examples:
          drctl secondary repair vms --dry-run
          drctl secondary repair --host gluster-b1 --volume data-dr --primary-is-gone

        Exit codes: 0 nothing is left to repair; 1 something was refused, or not agreed to; 69 unreachable; 78 bad \
        configuration, or nobody can say that no worker writes.
        """)

    @OptionGroup var options: SecondaryOptions
    @Flag(help: "Print the plan; change nothing.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false
    @Option(help: "The address of a mount of the volume that only reads; may be given again.")
    var knownClient: [String] = []
    @Flag(
      help: """
        I vouch that no geo-replication worker can reach this volume: the primary is down, or its session is stopped and \
        no gsyncd lives.
        """)
    var primaryIsGone = false

    func run() async throws {
      try await reporting(json: options.json) {
        var outcomes: [RepairAnswer] = []
        for site in try options.sites() { outcomes += try await repair(site) }
        if options.json { Console.out(try JSONText.of(outcomes)) }
        if outcomes.contains(where: { !$0.isDone }) { throw ExitCode(Exit.failed) }
      }
    }

    private func repair(_ site: SecondarySite) async throws -> [RepairAnswer] {
      var answers: [RepairAnswer] = []
      for domain in try await options.assess(site, verify: false).assessment.domains {
        var answer = RepairAnswer(
          secondary: site.name, domain: domain.id, acts: domain.acts, refusals: domain.allRefusals)
        if !options.json { AssessmentText.printPlan(domain, of: site.name) }
        if !domain.acts.isEmpty && !dryRun {
          try await provesSilence(site)
          if try agrees(domain) { answer.outcome = try await execute(site, domain) }
        }
        answers.append(answer)
      }
      return answers
    }

    /// Nobody may write while repair does. The session is asked where the primary answers; where it does not, somebody must
    /// say that it is gone.
    private func provesSilence(_ site: SecondarySite) async throws {
      let remedy =
        "stop the session; or, if no gsyncd can reach the volume any more, say so with --primary-is-gone"
      if let session = site.session {
        do {
          if let complaint = try await SessionSilence.complaint(session) {
            throw DRError(.unfit, "repair the secondary", site.name, reason: complaint, remedy: remedy)
          }
          return
        } catch let error as DRError where error.kind != .unfit && primaryIsGone {
          Console.error("the primary can't be asked, as expected: \(error.reason)")
          return
        }
      }
      guard primaryIsGone else {
        throw DRError(
          .unfit, "repair the secondary", site.name,
          reason: "nothing here can say whether a geo-replication worker writes to it", remedy: remedy)
      }
    }

    private func agrees(_ domain: DomainAssessment) throws -> Bool {
      if yes { return true }
      guard isatty(STDIN_FILENO) == 1, !options.json else {
        throw DRError(
          .refused, "repair the secondary", domain.id.description, reason: "there is no terminal to ask on",
          remedy: "look at the plan with --dry-run, then repeat with --yes")
      }
      Console.raw("Do these \(domain.acts.count) act(s)? Type yes: ")
      return readLine() == "yes"
    }

    private func execute(
      _ site: SecondarySite, _ domain: DomainAssessment
    ) async throws -> SecondaryRepair.Outcome {
      let isSilent = options.json
      let repair = SecondaryRepair(
        volume: site.volume, cluster: site.cluster, primaryPool: options.pool,
        knownClients: site.knownClients + knownClient, clock: SystemClock())
      let isInterrupted = HeardSignal()
      let outcome = try await noticingSignals(isInterrupted) {
        try await repair.execute(domain, goesOn: { !isInterrupted.isSet }) { act in
          if !isSilent { Console.out("\(act.kind.rawValue.padded(18))\(act.disk)/\(act.volume)") }
        }
      }
      if !isSilent { AssessmentText.print(outcome, site.name) }
      return outcome
    }
  }
}

struct RepairAnswer: Encodable {
  var secondary: String
  var domain: StorageDomainID
  var acts: [RepairAct]
  var refusals: [RepairRefusal]
  /// Nil when nothing was done: nothing was to be done, it was a dry run, or nobody agreed.
  var outcome: SecondaryRepair.Outcome?

  /// Nothing is left to be repaired.
  var isDone: Bool {
    guard refusals.isEmpty else { return false }
    guard !acts.isEmpty else { return true }
    guard let outcome else { return false }
    return outcome.refusals.isEmpty && !outcome.isCutShort && outcome.leftWritable == nil
  }
}
