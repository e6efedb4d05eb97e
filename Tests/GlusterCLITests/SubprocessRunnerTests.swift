import DRKit
import Foundation
import Testing

@testable import GlusterCLI

@Suite("Commands as real children")
struct SubprocessRunnerTests {
  private let runner = SubprocessRunner()

  private func isAlive(_ pid: Int32) -> Bool {
    // A zombie waits for whoever reaps it: it does not run any more.
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let state = text.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z"
  }

  @Test func outputErrorAndExitCodeComeBack() async throws {
    let result = try await runner.run(Command("sh", ["-c", "echo out; echo err >&2; exit 3"]))
    #expect(
      result == CommandResult(.exited(3), output: Array("out\n".utf8), errorOutput: Array("err\n".utf8)))
    let killed = try await runner.run(Command("/bin/sh", ["-c", "kill -TERM $$"]))
    #expect(killed.status == .signalled(SIGTERM))
  }

  @Test("No shell touches the arguments")
  func noExpansion() async throws {
    let words = ["$(id)", "; ls", "*", "a b", "`x`", "", "-n", "ü\n'\"\\"]
    let result = try await runner.run(Command("printf", ["%s|"] + words))
    #expect(result.text == words.map { "\($0)|" }.joined())
  }

  @Test("The environment is ours and the input empty")
  func environment() async throws {
    let result = try await runner.run(Command("env", []))
    let names = result.text.split(separator: "\n").map { $0.prefix { $0 != "=" } }.sorted()
    #expect(names == ["HOME", "LC_ALL", "PATH"])
    #expect(try await runner.run(Command("cat", [], deadline: .seconds(600))).output.isEmpty)
  }

  @Test("At the deadline the whole process group dies, whatever it ignores")
  func deadline() async throws {
    try await withDirectory { directory in
      let file = directory + "/pids"
      let script = "trap '' TERM INT HUP; (trap '' TERM; sleep 3600) & echo $$ $! > \(file); wait"
      let start = ContinuousClock.now
      let error = await #expect(throws: DRError.self) {
        try await runner.run(Command("sh", ["-c", script], deadline: .milliseconds(1_500)))
      }
      #expect(error?.kind == .transient)
      #expect(error?.reason.contains("no answer within 1 s") == true)
      #expect(ContinuousClock.now - start < .seconds(1_800))
      let pids = try String(contentsOfFile: file, encoding: .utf8).split(whereSeparator: \.isWhitespace)
      #expect(pids.count == 2)
      try await Task.sleep(for: .milliseconds(200))
      for pid in pids { #expect(!isAlive(Int32(pid) ?? 0)) }
    }
  }

  @Test("Cancellation kills the child and says stopped")
  func cancellation() async throws {
    try await withDirectory { directory in
      let file = directory + "/pid"
      let task = Task { [runner] in
        await kind { () throws(DRError) in
          try await runner.run(Command("sh", ["-c", "echo $$ > \(file); exec sleep 60"]))
        }
      }
      while !FileManager.default.fileExists(atPath: file) { try await Task.sleep(for: .milliseconds(20)) }
      try await Task.sleep(for: .milliseconds(100))
      task.cancel()
      #expect(await task.value == .stopped)
      let pid = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
      #expect(!isAlive(Int32(pid) ?? 0))
    }
  }

  @Test("Much output on both pipes arrives whole; more than the limit is refused")
  func bigOutput() async throws {
    let script = "head -c 600000 /dev/zero & head -c 600000 /dev/zero >&2; wait"
    let result = try await runner.run(Command("sh", ["-c", script]))
    #expect(result.output.count == 600_000 && result.errorOutput.count == 600_000)
    let small = Command("head", ["-c", "600000", "/dev/zero"], outputLimit: 1000)
    #expect(await kind { () throws(DRError) in try await runner.run(small) } == .malformed)
    let endless = Command("yes", [], deadline: .seconds(30), outputLimit: 1000)
    #expect(await kind { () throws(DRError) in try await runner.run(endless) } == .malformed)
  }

  @Test func whatIsNotThereOrNotToBeRunIsUnfit() async throws {
    for name in ["no-such-program-of-drkit", "/no/such/program", "/etc/passwd"] {
      let error = await #expect(throws: DRError.self) { try await runner.run(Command(name, [])) }
      #expect(error?.kind == .unfit, "\(name): \(error?.description ?? "")")
      #expect(error?.remedy.isEmpty == false)
    }
    let nul = Command("echo", ["a\u{0}b"])
    #expect(await kind { () throws(DRError) in try await runner.run(nul) } == .unfit)
  }

  @Test("Many at once neither mix nor leak descriptors")
  func many() async throws {
    func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    _ = try await runner.run(Command("true", []))
    let before = try open()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<40 {
        group.addTask { [runner] in
          try await runner.run(Command("echo", ["\(number)"])).text == "\(number)\n"
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    // Other tests of this process open files, too: a leak would be 40 times two or three.
    #expect(try open() < before + 40)
  }
}
