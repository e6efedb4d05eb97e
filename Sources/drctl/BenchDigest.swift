import Agent
import ArgumentParser
import DRKit

extension BenchCommand {
  struct Digest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The agent's digests beside `openssl dgst -sha256`, on the same file in the same run.",
      discussion: """
        Rates are per second of processor time of one core, reading included, from the page cache; the best of the rounds. \
        Figures of a debug build mean nothing.

        Example:
          head -c 1G /dev/urandom > disk.raw
          drctl bench digest disk.raw

        Exit codes: 0 the ratio is 0.8 or more; 1 it is not; 78 the file can't be measured.
        """)

    @Argument(help: "A file of 16 MiB or more.") var file: String
    @Option(help: "How often each is measured, 1 to 100.") var rounds = 3
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard (1...100).contains(rounds) else { throw ValidationError("--rounds takes 1 to 100") }
    }

    func run() async throws {
      try await reporting(json: json) {
        let result = try DigestBenchmark(file).run(rounds: rounds)
        if json {
          Console.out(try JSONText.of(result))
        } else {
          Console.out(
            Table.text(
              ["WHAT", "MB/S"],
              [
                ["drkit-agent, one core", Self.megabytes(result.agentPerCore)],
                ["openssl dgst -sha256, one core", Self.megabytes(result.opensslPerCore)],
                [
                  "drkit-agent, \(result.threads) thread(s), by the clock",
                  Self.megabytes(result.agentAllCores),
                ],
              ]))
          let ratio = (result.ratio * 1_000).rounded() / 1_000
          Console.out("ratio per core \(ratio), wanted \(DigestBenchmark.bar)   \(Build.description)")
        }
        if result.ratio < DigestBenchmark.bar { throw ExitCode(Exit.failed) }
      }
    }

    private static func megabytes(_ rate: Double) -> String { "\((rate / 1e5).rounded() / 10)" }
  }
}
