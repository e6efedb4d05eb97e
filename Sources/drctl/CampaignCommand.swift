import ArgumentParser
import Bench
import DRKit
import Foundation
import Simulator

struct CampaignCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "campaign",
    abstract: "Run the production pipeline under random faults, seed by seed.",
    discussion: """
      Each seed is a small world with random faults, in which the executor is killed at random places. Things go wrong for a \
      while and are calm then; what came of it is held against the laws. Prints a table, and for each bad seed the command that \
      shows it alone.

      Examples:
        drctl campaign --seeds 500
        drctl campaign --seed 4711
        drctl campaign --seeds 100 scenarios/two-subvolumes-skewed.yaml

      Exit codes: 0 no law broken and every seed put right in the end; 1 not so; 64 usage; 65 bad scenario.
      """)

  @Argument(
    help: "A scenario whose world, policy and pace are used instead of random ones; its faults are not.")
  var scenario: String?
  @Option(help: "How many seeds; without it, one, and what happened in it.") var seeds: Int?
  @Option(help: "The first seed.") var seed: UInt64 = 1
  @OptionGroup var wire: WireOption
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard (1...10_000_000).contains(seeds ?? 1) else { throw ValidationError("--seeds takes 1 to 10000000") }
  }

  func run() async throws {
    try await reporting(json: json) {
      let campaign = Campaign(
        try scenario.map { (path) throws(DRError) in try ScenarioFile.read(path) }, family: wire.family)
      guard let seeds else { return try one(campaign) }
      let table = CampaignTable.make(campaign, first: seed, seeds: seeds) { done, all in
        Progress.show(done, of: all, "seeds")
      }
      Console.out(json ? try JSONText.of(table) : CampaignText.page(table, command: command))
      if !table.isKept { throw ExitCode(Exit.failed) }
    }
  }

  private var command: String {
    "drctl campaign\(scenario.map { " \($0)" } ?? "")\(wire.throughWire ? " --through-wire" : "")"
  }

  private func one(_ campaign: Campaign) throws {
    let told = campaign.report(seed)
    let outcome = campaign.outcome(of: told)
    Console.out(
      json
        ? try JSONText.of(outcome)
        : ReportText.page(told.report) + "\n" + CampaignText.lines(outcome, told.draw))
    if !outcome.isGood { throw ExitCode(Exit.failed) }
  }
}

/// How far a long command is, on standard error while that is a terminal.
enum Progress {
  private static let isShown = isatty(STDERR_FILENO) == 1

  static func show(_ done: Int, of all: Int, _ what: String) {
    guard isShown else { return }
    Console.rawError("\r\u{1b}[K\(done) of \(all) \(what)\(done == all ? "\r\u{1b}[K" : "")")
  }
}
