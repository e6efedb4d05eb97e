import DRKit
import Testing

@testable import GlusterCLI

/// The table of docs/real-systems.md, "Gluster", Answers of the command, row by row.
@Suite("What an answer of the gluster command means")
struct AnswerTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var exit: Int32
    var kind: DRError.Kind?
    var reason = ""
    var testDescription: String { name }
  }

  private static let failures: [Row] = [
    Row(name: "georep-err-already-started-xml.xml", exit: 0, kind: .refused, reason: "already started"),
    Row(name: "georep-err-no-session-start-xml.xml", exit: 0, kind: .missing, reason: "does not exist"),
    Row(name: "georep-err-no-session-stop-force-xml.xml", exit: 0, kind: .transient, reason: "Commit failed"),
    Row(name: "georep-err-no-session-xml.xml", exit: 2, kind: .transient, reason: "command failed"),
    Row(name: "georep-err-no-session-host-xml.xml", exit: 2, kind: .transient, reason: "command failed"),
    Row(name: "georep-err-unknown-volume-xml.xml", exit: 2, kind: .transient, reason: "command failed"),
    Row(name: "georep-err-unknown-volume-start-xml.xml", exit: 0, kind: .missing, reason: "Volume nosuch"),
    Row(name: "err-volume-info-unknown-xml.xml", exit: 0, kind: .missing, reason: "Volume does not exist"),
    Row(name: "err-volume-status-unknown-xml.xml", exit: 0, kind: .missing, reason: "Volume nosuch"),
    Row(name: "georep-err-resume-not-paused-xml.xml", exit: 0, kind: .refused, reason: "is not Paused"),
    Row(name: "georep-config-err-unknown-option-xml.xml", exit: 0, kind: .refused, reason: "Invalid option"),
    Row(name: "volume-heal-info-distribute-xml.xml", exit: 234, kind: .refused, reason: "replicate/disperse"),
    Row(name: "snapshot-create-no-thin-xml.xml", exit: 0, kind: .refused, reason: "LVM commands not found"),
    Row(name: "snapshot-list-xml.xml", exit: 0, kind: .refused, reason: "LVM commands not found"),
    Row(name: "georep-err-stop-not-started-xml.xml", exit: 0, kind: nil),
    Row(name: "georep-stop-force-not-started-xml.xml", exit: 0, kind: nil),
  ]

  private static let down = [
    "glusterd-down-status.xml", "glusterd-down-start.xml", "glusterd-down-volinfo.xml",
  ]

  @Test(arguments: failures)
  func xmlAnswer(_ row: Row) throws {
    let result = try Captures.result("gluster-10.3/" + row.name, exit: row.exit)
    guard let kind = row.kind else {
      #expect(try GlusterAnswer.root(result, "test", "data").name == "cliOutput")
      return
    }
    let error = #expect(throws: DRError.self) { try GlusterAnswer.root(result, "test", "data") }
    #expect(error?.kind == kind)
    #expect(error?.reason.contains(row.reason) == true, "\(error?.reason ?? "")")
    #expect(error?.operation == "test")
  }

  @Test(arguments: down)
  func glusterdDown(_ name: String) throws {
    let result = try Captures.result("gluster-10.3-faults/" + name, exit: 1)
    let error = #expect(throws: DRError.self) { try GlusterAnswer.root(result, "test", "data") }
    #expect(error?.kind == .transient)
    #expect(error?.reason == "Connection failed. Please check if gluster daemon is operational")
    #expect(error?.remedy == "start glusterd on that node")
  }

  @Test("Every other capture is an answer with opRet 0", arguments: Captures.names(".xml"))
  func theRestIsFine(_ name: String) throws {
    let file = name.split(separator: "/").last.map(String.init) ?? ""
    guard !Self.failures.contains(where: { $0.name == file }), !Self.down.contains(file) else { return }
    #expect(try GlusterAnswer.root(try Captures.result(name), "test", "data").name == "cliOutput")
  }

  @Test("Plain answers: the words on standard error count, not the line that says nothing")
  func plainAnswers() async throws {
    let rows: [(String, Int32, DRError.Kind, String)] = [
      (
        "georep-err-no-session.txt", 1, .missing,
        "No active geo-replication sessions between data and b1::nosuch"
      ),
      ("georep-err-no-session-config.txt", 1, .missing, "does not exist"),
      ("georep-err-no-session-start.txt", 1, .missing, "does not exist"),
      ("georep-err-unknown-volume.txt", 1, .missing, "Volume nosuch does not exist"),
      ("georep-config-err-unknown-option.txt", 1, .refused, "Invalid option"),
      ("georep-err-already-started.txt", 1, .transient, "already started"),
      ("georep-err-pause-when-paused.txt", 255, .transient, "already Paused"),
    ]
    for (name, exit, kind, reason) in rows {
      let cli = GlusterAnswer(
        runner: FakeRunner(try Captures.result("gluster-10.3/" + name, exit: exit)), deadline: .seconds(1))
      let error = await #expect(throws: DRError.self) { try await cli.plain("test", "data", ["x"]) }
      #expect(error?.kind == kind, "\(name)")
      #expect(error?.reason.contains(reason) == true, "\(name): \(error?.reason ?? "")")
    }
  }

  @Test("A lock clash is worth another try, in either form")
  func lockClash() throws {
    let text = "Another transaction is in progress for data. Please try again after some time."
    let plain = CommandResult(.exited(1), output: Array((text + "\n").utf8))
    let xml = CommandResult(
      .exited(0),
      output: Array(
        "<cliOutput><opRet>-1</opRet><opErrno>30802</opErrno><opErrstr>\(text)</opErrstr></cliOutput>".utf8))
    for result in [plain, xml] {
      let error = #expect(throws: DRError.self) { try GlusterAnswer.root(result, "start", "data") }
      #expect(error?.kind == .transient)
      #expect(error?.reason.contains("Another transaction") == true)
    }
  }

  @Test("Garbage, silence and half an answer")
  func brokenAnswers() throws {
    func kind(_ text: String, _ status: CommandResult.Status) -> DRError.Kind? {
      do throws(DRError) {
        _ = try GlusterAnswer.root(CommandResult(status, output: Array(text.utf8)), "test", "data")
        return nil
      } catch { return error.kind }
    }
    #expect(kind("", .exited(0)) == .transient)
    #expect(kind("\u{0}\u{1}", .exited(0)) == .transient)
    #expect(kind("Segmentation fault", .signalled(11)) == .transient)
    #expect(kind("<cliOutput><opRet>0</opRet>", .signalled(9)) == .transient)
    #expect(kind("<cliOutput><opRet>0</opRet>", .exited(0)) == .malformed)
    #expect(kind("<cliOutput/>", .exited(0)) == .malformed)
    #expect(kind("<cliOutput><opRet>maybe</opRet></cliOutput>", .exited(0)) == .malformed)
    #expect(kind("<cliOutput><opRet>-1</opRet></cliOutput>", .exited(0)) == .refused)
  }
}
