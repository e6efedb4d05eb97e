import DRKit
import GlusterCLI
import Simulator

/// `volume status VOLUME clients`: all that a run asks of `volume status`.
extension GlusterCommand {
  func volumeStatus(_ words: [String], _ face: AnswerFace, _ session: SessionModel) -> CommandResult {
    let volume = volume(session)
    guard words.count == 2, words[1] == "clients", face.isXML else { return face.unrecognised(words) }
    guard words[0] == volume.name else {
      return face.document(
        GlusterDocument(opRet: -1, opErrno: 30_800, opErrstr: "Volume \(words[0]) does not exist"))
    }
    let clients = cluster == .secondary ? session.clientsAtSecondary : []
    let nodes = volume.subvolumes.joined().map { brick in
      GlusterDocument.Node.group(
        "node",
        [
          .text("hostname", brick.node), .text("path", brick.path),
          .text("peerid", Self.uuid(of: brick.node)),
          .text("status", "1"), .text("port", "49152"),
          .group("ports", [.text("tcp", "49152"), .text("rdma", "N/A")]), .text("pid", "190"),
          Self.clients(clients.first { $0.brick == brick }?.clients ?? []),
        ])
    }
    return face.document(
      GlusterDocument(
        // So it says when no client is connected, and succeeds (seen on 10.3).
        opErrstr: clients.allSatisfy(\.clients.isEmpty)
          ? "Glusterd Syncop Mgmt brick op 'Status' failed. Please check brick log file for details." : "",
        content: [
          .group(
            "volStatus",
            [
              .group(
                "volumes",
                [
                  .group(
                    "volume", [.text("volName", volume.name), .text("nodeCount", "\(nodes.count)")] + nodes)
                ])
            ])
        ]))
  }

  private static func clients(_ clients: [VolumeClient]) -> GlusterDocument.Node {
    guard !clients.isEmpty else { return .text("clientsStatus", "") }
    return .group(
      "clientsStatus",
      [.text("clientCount", "\(clients.count)")]
        + clients.map {
          .group(
            "client",
            [
              .text("hostname", "\($0.address):\($0.port)"), .text("bytesRead", "6416"),
              .text("bytesWrite", "10892"), .text("opVersion", "100000"),
            ])
        })
  }
}
