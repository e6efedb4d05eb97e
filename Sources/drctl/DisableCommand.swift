import ArgumentParser
import DRKit
import Foundation
import Site

struct DisableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable",
    abstract: "End the protection of a storage domain: nothing of drkit's stays at the primary.",
    discussion: """
      Removes, after asking, drkit's nonces from the primary volume, its bandwidth limit from the session, and the domain's runs, \
      points and journals from the state. \
      Refused while a run is unfinished, a snapshot of drkit's stands or the session is running. The secondary keeps the last \
      point and the records that prove it, and stays read-only; the session, which drkit did not make, stays stopped. Stop the \
      timer first, and take the domain out of the configuration afterwards.

      Examples:
        systemctl disable --now drkit-sync@vms.timer
        drctl disable vms --dry-run
        drctl disable vms

      Exit codes: 0 done; 1 refused, or not agreed to; 69 unreachable; 75 a run is at work; 78 bad configuration.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain's name, as configured.") var domain: String
  @Flag(help: "Print the plan; change nothing.") var dryRun = false
  @Flag(help: "Do not ask.") var yes = false

  /// What `--json` prints.
  struct Answer: Encodable {
    var plan: Retirement.Plan
    var isDone: Bool
  }

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let domain = try configuration.domain(domain)
      let answer = try await SiteAssembly.with(configuration, domain, observer: SilentObserver()) { site in
        let retirement = Retirement(ports: site.ports, target: site.target, policy: site.policy)
        var answer = Answer(plan: try await retirement.plan(), isDone: false)
        if !options.json { print(answer.plan) }
        if answer.plan.obstacles.isEmpty, !dryRun, try agrees() {
          answer.plan = try await cancelledBySignals {
            try await retirement.execute(owner: SystemRandom.runID()) { () async throws(DRError) in
              try await site.forget()
            }
          }
          answer.isDone = true
        }
        return answer
      }
      if options.json { Console.out(try JSONText.of(answer)) }
      if answer.isDone, !options.json {
        Console.out("disabled; now take \(self.domain) out of \(options.config)")
      }
      if !answer.plan.obstacles.isEmpty || !(answer.isDone || dryRun) { throw ExitCode(Exit.failed) }
    }
  }

  private func print(_ plan: Retirement.Plan) {
    for obstacle in plan.obstacles {
      Console.out("REFUSED   \(obstacle.reason)\n          → \(obstacle.remedy)")
    }
    for path in plan.nonces { Console.out("remove    \(path) at the primary") }
    if let options = plan.rsyncOptions {
      Console.out("set       the session's rsync-options to \"\(options)\": without drkit's limit")
    }
    Console.out("forget    runs, points and journals of \(domain)")
    for path in plan.strangers { Console.out("stays     \(path) at the primary: it is no nonce of drkit's") }
    Console.out("stays     what runs put in the session's options: fopen-keep-cache=off, --ignore-times")
    Console.out("stays     the secondary, as it is: its last point and the records of it")
  }

  private func agrees() throws -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1, !options.json else {
      throw DRError(
        .refused, "disable", domain, reason: "there is no terminal to ask on",
        remedy: "look at the plan with --dry-run, then repeat with --yes")
    }
    Console.raw("End the protection of \(domain)? Type its name: ")
    return readLine() == domain
  }
}
