import ArgumentParser
import Bench
import DRKit
import Dispatch
import Simulator
import Synchronization

extension BenchCommand {
  struct Determinism: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print one hash of many seeds, each run twice.",
      discussion: """
        Two builds are compared by their output. Without a scenario: the core's own workload; with one: the whole pipeline.

        Examples:
          drctl bench determinism --seeds 200
          drctl bench determinism --seeds 200 scenarios/plain-cycle.yaml
          drctl bench determinism --seeds 200 scenarios/plain-cycle.yaml --through-wire
        """)

    @Option(help: "How many seeds, from 1 on.") var seeds = 200
    @OptionGroup var wire: WireOption
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
        let known = try scenarios.map { path throws(DRError) in try ScenarioFile.read(path) }
        for (scenario, traces) in zip(known, Self.traces(known, seeds: seeds, wire.family)) {
          var combined = TraceHash()
          for pair in traces { combined.add(pair[0]) }
          let unstable = traces.indices.filter { traces[$0][0] != traces[$0][1] }.map { $0 + 1 }
          Console.out(
            "\(scenario.name)  \(seeds) seeds twice each  \(unstable.count) mismatches  \(combined)")
          for seed in unstable.prefix(5) { Console.out("  seed \(seed) gave two traces") }
          mismatches += unstable.count
        }
        if mismatches > 0 { throw ExitCode(Exit.failed) }
      }
    }

    /// For each scenario two traces of each seed, in the seeds' order; on every core, since each simulation keeps to its own thread.
    private static func traces(
      _ scenarios: [Scenario], seeds: Int, _ family: @escaping ScenarioRunner.Family
    ) -> [[[String]]] {
      let traces = Mutex(
        Array(repeating: Array(repeating: [String](), count: seeds), count: scenarios.count))
      DispatchQueue.concurrentPerform(iterations: scenarios.count * seeds) { index in
        let (scenario, seed) = index.quotientAndRemainder(dividingBy: seeds)
        let pair = (0..<2).map { _ in
          ScenarioRunner(scenarios[scenario], seed: UInt64(seed) + 1, family: family).run().trace
        }
        traces.withLock { $0[scenario][seed] = pair }
      }
      return traces.withLock { $0 }
    }
  }
}
