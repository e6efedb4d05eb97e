import ArgumentParser
import Bench
import DRKit

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the simulator, digests, transports and parsers; try what the ports promise.",
    subcommands: [
      Core.self, Determinism.self, Digest.self, Transport.self, Fuzz.self, FuzzWork.self,
      ContractCommand.self,
    ])

  struct Core: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "World events and task wake-ups a second, on one core.",
      discussion: """
        Figures of a debug build mean nothing. A calibration loop is printed beside them: compare ratios, not machines.

        Example:
          drctl bench core
        """)

    @Flag(help: "Print JSON.") var json = false

    struct Line: Encodable {
      var name: String
      var perSecond: Double
      var bar: Double?
    }

    func run() async throws {
      try await reporting(json: json) {
        var lines: [Line] = []
        func add(_ rate: CorePerformance.Rate, bar: Double? = nil) {
          lines.append(Line(name: rate.name, perSecond: rate.perSecond, bar: bar))
        }
        add(CorePerformance.calibration())
        for pending in [1_000, 100_000] {
          add(
            try CorePerformance.worldEvents(pending: pending, count: 20_000_000),
            bar: pending == 1_000 ? 10e6 : nil)
        }
        for tasks in [20, 1_000] {
          add(try CorePerformance.wakeUps(tasks: tasks, count: 2_000_000), bar: tasks == 20 ? 1.5e6 : nil)
        }
        if json { return Console.out(try JSONText.of(lines)) }
        Console.out(
          Table.text(
            ["WHAT", "MILLION/S", "BAR"],
            lines.map { line in
              let millions = (line.perSecond / 1e4).rounded() / 100
              return [line.name, "\(millions)", line.bar.map { "\($0 / 1e6)" } ?? "-"]
            }))
      }
    }
  }
}
