import ArgumentParser
import Bench
import DRKit
import Simulator

extension BenchCommand {
  struct Determinism: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print one hash of many seeds, each run twice.",
      discussion: """
        Two builds are compared by their output. Without a scenario: the core's own workload; with one: the whole pipeline.

        Examples:
          drctl bench determinism --seeds 200
          drctl bench determinism --seeds 200 scenarios/plain-cycle.yaml
        """)

    @Option(help: "How many seeds, from 1 on.") var seeds = 200
    @Argument(help: "Scenario files.") var scenarios: [String] = []

    func validate() throws {
      guard (1...1_000_000).contains(seeds) else { throw ValidationError("--seeds takes 1 to 1000000") }
    }

    func run() async throws {
      try await reporting {
        var mismatches = 0
        if scenarios.isEmpty {
          let core = try CoreDeterminism.combinedHash(seeds: 1..<UInt64(seeds) + 1)
          Console.out("core  \(seeds) seeds twice each  \(core.unstable.count) mismatches  \(core.hash)")
          mismatches += core.unstable.count
        }
        for path in scenarios {
          let scenario = try ScenarioFile.read(path)
          var combined = TraceHash()
          var unstable: [UInt64] = []
          for seed in 1...UInt64(seeds) {
            let first = ScenarioRunner(scenario, seed: seed).run().trace
            if ScenarioRunner(scenario, seed: seed).run().trace != first { unstable.append(seed) }
            combined.add(first)
          }
          Console.out(
            "\(scenario.name)  \(seeds) seeds twice each  \(unstable.count) mismatches  \(combined)")
          for seed in unstable.prefix(5) { Console.out("  seed \(seed) gave two traces") }
          mismatches += unstable.count
        }
        if mismatches > 0 { throw ExitCode(Exit.failed) }
      }
    }
  }
}
