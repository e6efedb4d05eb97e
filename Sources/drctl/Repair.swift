import ArgumentParser
import DRKit
import Foundation
import Site

struct Repair: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Heal a diverged destination: a new session, everything carried again, everything proved.",
    discussion: """
      Stops the session, deletes it with reset-sync-time and creates it again with its options, lets it crawl everything, and then \
      makes a recovery point whose proof is every byte of every volume on the domain. Only that clears the mark. (A disk that a running \
      machine writes and the engine never snapshots, a shareable one, can't be held still: it is carried and named.) It takes as long \
      as a first sync. Killed or failed, it is gone on with, or begun again, by the next repair.

      Examples:
        drctl repair vms@dr
        drctl repair vms --dry-run

      Exit codes: 0 healed, or not diverged; 1 the run failed, not everything could be proved, or nobody agreed; 69 unreachable, or \
      told to stop (run it again); 75 another run holds the lease; 78 bad configuration.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain as configured, or DOMAIN@DESTINATION.") var destination: String
  @Flag(help: "Say what would be done; change nothing.") var dryRun = false
  @Flag(help: "Do not ask.") var yes = false

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let domain = try configuration.domain(at: destination)
      let printer = ProgressPrinter(isSilent: options.json)
      try await SiteAssembly.with(configuration, domain, observer: printer) { site in
        let key = site.target.key
        guard let mark = try await site.ports.catalogue.divergence(of: key) else {
          if options.json { return Console.out(try JSONText.of(RepairOutput(key: key))) }
          return Console.out("\(key) is not diverged: nothing to repair")
        }
        if !options.json { plan(mark, site) }
        if dryRun {
          if options.json { Console.out(try JSONText.of(RepairOutput(key: key, divergence: mark))) }
          return
        }
        guard try agrees(key) else { throw ExitCode(Exit.failed) }
        try await repair(site)
      }
    }
  }

  private func repair(_ site: SiteAssembly) async throws {
    var policy = site.policy
    policy.repairs = true
    let run = SyncRun(ports: site.ports, target: site.target, policy: policy)
    var result: SyncRun.Result
    // A run that was cut short is ended first; if it was a repair, that may have been all.
    repeat { result = try await Sync.execute(run, site) } while result.resumed && result.divergence != nil
    if options.json {
      Console.out(try JSONText.of(SyncOutput(result)))
    } else if let divergence = result.divergence {
      Console.error(DivergenceText.of(divergence))
    } else {
      Console.out("\(site.target.key) is repaired: everything there that can be held still is proved")
    }
    if result.record.outcome != .sealed || result.record.failure != nil || !result.record.leftOver.isEmpty
      || result.divergence != nil
    {
      throw ExitCode(Exit.failed)
    }
  }

  private func plan(_ mark: Divergence, _ site: SiteAssembly) {
    let session = site.ports.georep.session
    Console.out(DivergenceText.of(mark))
    Console.out(
      "would stop the session \(session), delete it with reset-sync-time, create it again with its options")
    Console.out("would carry everything again, make a recovery point, and compare every byte of the domain")
  }

  private func agrees(_ key: DestinationKey) throws -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1, !options.json else {
      throw DRError(
        .refused, "repair the destination", key.description, reason: "there is no terminal to ask on",
        remedy: "look at the plan with --dry-run, then repeat with --yes")
    }
    Console.raw("Renew the session of \(key)? Type yes: ")
    return readLine() == "yes"
  }
}

/// When there was nothing to do, or nothing was to be done.
private struct RepairOutput: Encodable {
  var key: DestinationKey
  var divergence: Divergence?
}

extension Configuration {
  /// The domain of `DOMAIN` or `DOMAIN@DESTINATION`.
  func domain(at text: String) throws(DRError) -> ProtectedDomain {
    if let exact = domains.first(where: { $0.name == text }) { return exact }
    guard let at = text.lastIndex(of: "@") else { return try domain(text) }
    let found = try domain(String(text[..<at]))
    let wanted = text[text.index(after: at)...]
    guard found.destinations.contains(where: { $0.name == wanted }) else {
      throw DRError(
        .unfit, "find the destination", text, reason: "it is not in the configuration",
        remedy: "configured: \(found.destinations.map(\.name).joined(separator: ", "))")
    }
    return found
  }
}
