/// Reads what a secondary volume holds, through one view. Changes nothing, needs nothing but the volume.
struct SecondaryScan: Sendable {
  let view: any VolumeView

  /// - Parameter only: this domain alone; nil for every one that is found.
  func content(only: StorageDomainID? = nil) async throws(DRError) -> SecondaryContent {
    var ids: Set<StorageDomainID> = []
    for name in try await view.list("") ?? [] {
      guard let id = StorageDomainID(name), try await names("\(id)/dom_md") != nil else { continue }
      ids.insert(id)
    }
    for name in try await names(DomainLayout.points) ?? [] {
      if let id = StorageDomainID(name) { ids.insert(id) }
    }
    var domains: [DomainContent] = []
    for id in ids.sorted() where only == nil || only == id { domains.append(try await domain(id)) }
    return SecondaryContent(domains: domains, nonces: try await nonces())
  }

  func domain(_ id: StorageDomainID) async throws(DRError) -> DomainContent {
    let layout = DomainLayout(id)
    let records = try await PointRecords.read(view, id)
    var images: [ImageContent] = []
    for name in try await view.list("\(id)/images") ?? [] {
      if let disk = DiskID(name) { images.append(try await image(disk, layout)) }
    }
    var documents = records.manifests.flatMap { manifest in
      manifest.configurations.compactMap {
        OVFDocument(Array($0.ovf.utf8), source: "the manifest of run \(manifest.point.run)")
      }
    }
    for image in images { documents += try await store(image, layout) }
    return DomainContent(
      id: id, state: try await state(layout), records: records, images: images, documents: documents)
  }

  func image(_ disk: DiskID, _ layout: DomainLayout) async throws(DRError) -> ImageContent {
    let directory = layout.image(disk)
    let names = try await view.list(directory) ?? []
    var volumes: [VolumeContent] = []
    for id in Set(names.compactMap(Self.volume)).sorted() {
      volumes.append(
        VolumeContent(
          id: id, size: names.contains("\(id)") ? try await view.size(of: layout.volume(id, of: disk)) : nil,
          meta: names.contains("\(id).meta") ? try await meta(layout.meta(id, of: disk)) : .absent,
          hasLease: names.contains("\(id).lease")))
    }
    return ImageContent(disk: disk, volumes: volumes)
  }

  /// The volume that a file of an image belongs to. `.meta.new` and other junk belongs to none.
  private static func volume(_ name: String) -> VolumeID? {
    for suffix in ["", ".meta", ".lease"] where name.hasSuffix(suffix) {
      if let id = VolumeID(name.dropLast(suffix.count)) { return id }
    }
    return nil
  }

  private func meta(_ path: String) async throws(DRError) -> VolumeContent.Meta {
    let bytes: [UInt8]?
    do throws(DRError) {
      bytes = try await view.read(path)
    } catch {
      guard error.kind == .disproved || error.kind == .refused else { throw error }
      return .bad([], reason: error.reason)
    }
    guard let bytes else { return .absent }
    guard !bytes.isEmpty else { return .empty }
    do throws(DRError) {
      return .whole(try VolumeMetadata(bytes, path: path))
    } catch {
      return .bad(bytes, reason: error.reason)
    }
  }

  func state(_ layout: DomainLayout) async throws(DRError) -> DomainContent.State {
    guard let bytes = try await view.read(layout.metadata) else { return .absent }
    if let complaint = DomainMetadata.complaint(bytes) { return .unreadable(complaint) }
    return .whole(
      name: DomainMetadata.value("DESCRIPTION", in: bytes) ?? "", pools: DomainMetadata.pools(bytes) ?? [])
  }

  /// The configurations in an OVF_STORE's volume. What can't be read tells nothing, which is no error.
  private func store(_ image: ImageContent, _ layout: DomainLayout) async throws(DRError) -> [OVFDocument] {
    var found: [OVFDocument] = []
    for volume in image.volumes where volume.metadata?.diskType == "OVFS" && volume.size != nil {
      let path = layout.volume(volume.id, of: image.disk)
      let archive: [UInt8]?
      do throws(DRError) {
        archive = try await view.readWhole(path)
      } catch {
        guard error.kind == .disproved || error.kind == .refused else { throw error }
        continue
      }
      for entry in TarEntries.read(archive ?? []) where entry.name.hasSuffix(".ovf") {
        if let document = OVFDocument(Array(entry.bytes), source: "OVF_STORE \(image.disk)") {
          found.append(document)
        }
      }
    }
    return found
  }

  private func nonces() async throws(DRError) -> [ArrivedNonce] {
    var found: [ArrivedNonce] = []
    for session in try await names(DomainLayout.nonces) ?? [] {
      let directory = "\(DomainLayout.nonces)/\(session)"
      for name in try await names(directory) ?? [] {
        let path = "\(directory)/\(name)"
        guard let bytes = try await view.read(path) else { continue }
        found.append(ArrivedNonce(path: path, text: NonceText.parse(bytes)))
      }
    }
    return found
  }

  /// A directory's names; nil when there is no such directory, or it is none.
  private func names(_ directory: String) async throws(DRError) -> [String]? {
    do throws(DRError) {
      return try await view.list(directory)
    } catch {
      guard error.kind == .refused else { throw error }
      return nil
    }
  }
}
