<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name></name>
    <message numerus="yes">
        <source>%n copies</source>
        <comment>the same file content</comment>
        <translation>
            <numerusform>%n copy</numerusform>
            <numerusform>%n copies</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n core(s)</source>
        <translation>
            <numerusform>%n core</numerusform>
            <numerusform>%n cores</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s) ago</source>
        <translation>
            <numerusform>%n day ago</numerusform>
            <numerusform>%n days ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read</source>
        <translation>
            <numerusform>%n file could not be read</numerusform>
            <numerusform>%n files could not be read</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) forgotten. Nothing on your disk was touched.</source>
        <translation>
            <numerusform>%n file forgotten. Nothing on your disk was touched.</numerusform>
            <numerusform>%n files forgotten. Nothing on your disk was touched.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) forgotten. The files themselves were not touched.</source>
        <translation>
            <numerusform>%n file forgotten. The files themselves were not touched.</numerusform>
            <numerusform>%n files forgotten. The files themselves were not touched.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s) ago</source>
        <translation>
            <numerusform>%n hour ago</numerusform>
            <numerusform>%n hours ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s) ago</source>
        <translation>
            <numerusform>%n minute ago</numerusform>
            <numerusform>%n minutes ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n picture</numerusform>
            <numerusform>%n pictures</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) and page(s)</source>
        <translation>
            <numerusform>%n picture or page</numerusform>
            <numerusform>%n pictures and pages</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) and page(s) are indexed with {model} now; until that is done, searching goes on as before.</source>
        <translation>
            <numerusform>%n picture or page is indexed with {model} now; until that is done, searching goes on as before.</numerusform>
            <numerusform>%n pictures and pages are indexed with {model} now; until that is done, searching goes on as before.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) of kinds that are not read were passed over: {kinds}.</source>
        <translation>
            <numerusform>%n file of a kind that is not read was passed over: {kinds}.</numerusform>
            <numerusform>%n files of kinds that are not read were passed over: {kinds}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) were found, and none can be read.</source>
        <translation>
            <numerusform>%n file was found, and it cannot be read.</numerusform>
            <numerusform>%n files were found, and none can be read.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) can&apos;t be read now (drive not connected, folder missing, or in the cloud). The switch finishes when they&apos;re available.</source>
        <comment>pictures and pages</comment>
        <translation>
            <numerusform>%n picture can&apos;t be read now (drive not connected, folder missing, or in the cloud). The switch finishes when it&apos;s available.</numerusform>
            <numerusform>%n pictures can&apos;t be read now (drive not connected, folder missing, or in the cloud). The switch finishes when they&apos;re available.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n result(s)</source>
        <translation>
            <numerusform>%n result</numerusform>
            <numerusform>%n results</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>After %n minute(s) of inactivity</source>
        <translation>
            <numerusform>After %n minute of inactivity</numerusform>
            <numerusform>After %n minutes of inactivity</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>At least {count} file(s) not yet read: imagefinder index goes on.</source>
        <translation>
            <numerusform>At least {count} file not yet read: imagefinder index goes on.</numerusform>
            <numerusform>At least {count} files not yet read: imagefinder index goes on.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied %n file(s) to {folder}.</source>
        <translation>
            <numerusform>Copied %n file to {folder}.</numerusform>
            <numerusform>Copied %n files to {folder}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied the paths of %n files.</source>
        <translation>
            <numerusform>Copied the path of %n file.</numerusform>
            <numerusform>Copied the paths of %n files.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Every %n minute(s)</source>
        <translation>
            <numerusform>Every %n minute</numerusform>
            <numerusform>Every %n minutes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file type(s) can&apos;t be read: {kinds}</source>
        <translation>
            <numerusform>This file type can&apos;t be read: {kinds}</numerusform>
            <numerusform>These %n file types can&apos;t be read: {kinds}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove {count} file(s) from the library?</source>
        <translation>
            <numerusform>Remove {count} file from the library?</numerusform>
            <numerusform>Remove {count} files from the library?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove {count} folder(s) from the library?</source>
        <translation>
            <numerusform>Remove {count} folder from the library?</numerusform>
            <numerusform>Remove {count} folders from the library?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>HNSW over %n vector(s)</source>
        <translation>
            <numerusform>HNSW over %n vector</numerusform>
            <numerusform>HNSW over %n vectors</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Couldn&apos;t copy to {folder}: {names} and %n more file(s) ({reason}).</source>
        <translation>
            <numerusform>Couldn&apos;t copy to {folder}: {names} and %n more file ({reason}).</numerusform>
            <numerusform>Couldn&apos;t copy to {folder}: {names} and %n more files ({reason}).</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Download and index {count} file(s) in the cloud?</source>
        <translation>
            <numerusform>Download and index {count} file in the cloud?</numerusform>
            <numerusform>Download and index {count} files in the cloud?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Download {count} file(s) from the cloud…</source>
        <translation>
            <numerusform>Download {count} file from the cloud…</numerusform>
            <numerusform>Download {count} files from the cloud…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Scanning {count} file(s)…</source>
        <translation>
            <numerusform>Scanning {count} file…</numerusform>
            <numerusform>Scanning {count} files…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Search by these %n file(s)</source>
        <translation>
            <numerusform>Search by this file</numerusform>
            <numerusform>Search by these %n files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Search by these %n picture(s)</source>
        <translation>
            <numerusform>Search by this picture</numerusform>
            <numerusform>Search by these %n pictures</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Search {count} picture(s) and page(s)</source>
        <translation>
            <numerusform>Search {count} picture or page</numerusform>
            <numerusform>Search {count} pictures and pages</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>That is more than the model reads at once, so it was read in %n pieces.</source>
        <translation>
            <numerusform>That is more than the model reads at once, so it was read in %n piece.</numerusform>
            <numerusform>That is more than the model reads at once, so it was read in %n pieces.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>This library is being changed to {model}: %n pictures and pages are still to be indexed with it (imagefinder index). Until then {present} answers.</source>
        <translation>
            <numerusform>This library is being changed to {model}: %n picture or page is still to be indexed with it (imagefinder index). Until then {present} answers.</numerusform>
            <numerusform>This library is being changed to {model}: %n pictures and pages are still to be indexed with it (imagefinder index). Until then {present} answers.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>What this library indexed with it is kept (%n pictures and pages): it answers again once the model is back.</source>
        <translation>
            <numerusform>What this library indexed with it is kept (%n picture or page): it answers again once the model is back.</numerusform>
            <numerusform>What this library indexed with it is kept (%n pictures and pages): it answers again once the model is back.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>What was indexed with it is deleted: %n pictures and pages.</source>
        <translation>
            <numerusform>What was indexed with it is deleted: %n picture or page.</numerusform>
            <numerusform>What was indexed with it is deleted: %n pictures and pages.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>exact search over %n vector(s)</source>
        <translation>
            <numerusform>exact search over %n vector</numerusform>
            <numerusform>exact search over %n vectors</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>exact search over %n vector(s) in a file, which is slower: the faster index does not fit the memory that is free</source>
        <translation>
            <numerusform>exact search over %n vector in a file, which is slower: the faster index does not fit the memory that is free</numerusform>
            <numerusform>exact search over %n vectors in a file, which is slower: the faster index does not fit the memory that is free</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{amount} · {count} file(s) not read yet</source>
        <translation>
            <numerusform>{amount} · {count} file not read yet</numerusform>
            <numerusform>{amount} · {count} files not read yet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s)</source>
        <translation>
            <numerusform>{count} file</numerusform>
            <numerusform>{count} files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) are in the library already.</source>
        <translation>
            <numerusform>{count} file is in the library already.</numerusform>
            <numerusform>{count} files are in the library already.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) haven&apos;t been read yet.</source>
        <translation>
            <numerusform>{count} file hasn&apos;t been read yet.</numerusform>
            <numerusform>{count} files haven&apos;t been read yet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) are only in the cloud and were not read. Have the cloud&apos;s own program download them, then run imagefinder index.</source>
        <translation>
            <numerusform>{count} file is only in the cloud and was not read. Have the cloud&apos;s own program download it, then run imagefinder index.</numerusform>
            <numerusform>{count} files are only in the cloud and were not read. Have the cloud&apos;s own program download them, then run imagefinder index.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) are only in the cloud and were not read. imagefinder index --download reads them; the cloud&apos;s own program downloads them for it.</source>
        <translation>
            <numerusform>{count} file is only in the cloud and was not read. imagefinder index --download reads it; the cloud&apos;s own program downloads it for that.</numerusform>
            <numerusform>{count} files are only in the cloud and were not read. imagefinder index --download reads them; the cloud&apos;s own program downloads them for that.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) can&apos;t be read, or only in part</source>
        <translation>
            <numerusform>{count} file can&apos;t be read, or only in part</numerusform>
            <numerusform>{count} files can&apos;t be read, or only in part</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) not yet read: imagefinder index goes on.</source>
        <translation>
            <numerusform>{count} file not yet read: imagefinder index goes on.</numerusform>
            <numerusform>{count} files not yet read: imagefinder index goes on.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} other(s)</source>
        <comment>files</comment>
        <translation>
            <numerusform>{count} other</numerusform>
            <numerusform>{count} others</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} result(s), {order}</source>
        <translation>
            <numerusform>{count} result, {order}</numerusform>
            <numerusform>{count} results, {order}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} thumbnail(s), {size}</source>
        <translation>
            <numerusform>{count} thumbnail, {size}</numerusform>
            <numerusform>{count} thumbnails, {size}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{name} and %n more file(s) couldn&apos;t be found and were left out.</source>
        <translation>
            <numerusform>{name} and %n more file couldn&apos;t be found and were left out.</numerusform>
            <numerusform>{name} and %n more files couldn&apos;t be found and were left out.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>This library is searched with {model} from now on. %n pictures and pages are still to be indexed with it: imagefinder index</source>
        <translation>
            <numerusform>This library is searched with {model} from now on. %n picture or page is still to be indexed with it: imagefinder index</numerusform>
            <numerusform>This library is searched with {model} from now on. %n pictures and pages are still to be indexed with it: imagefinder index</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n cannot be read now (a drive that is away, a folder that is gone, files in the cloud?)</source>
        <translation>
            <numerusform>%n cannot be read now (a drive that is away, a folder that is gone, files in the cloud?)</numerusform>
            <numerusform>%n cannot be read now (a drive that is away, a folder that is gone, files in the cloud?)</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) were found that are only in the cloud. They have not been read.</source>
        <translation>
            <numerusform>%n file was found that is only in the cloud. It has not been read.</numerusform>
            <numerusform>%n files were found that are only in the cloud. They have not been read.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of them can&apos;t be read now, for example because a drive isn&apos;t connected or they are in the cloud. The switch waits for them.</source>
        <comment>pictures and pages</comment>
        <translation>
            <numerusform>%n of them can&apos;t be read now, for example because its drive isn&apos;t connected or it is in the cloud. The switch waits for it.</numerusform>
            <numerusform>%n of them can&apos;t be read now, for example because a drive isn&apos;t connected or they are in the cloud. The switch waits for them.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) hidden. To show them again, use the menu above the results.</source>
        <translation>
            <numerusform>%n picture hidden. To show it again, use the menu above the results.</numerusform>
            <numerusform>%n pictures hidden. To show them again, use the menu above the results.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) can&apos;t be read</source>
        <translation>
            <numerusform>{count} file can&apos;t be read</numerusform>
            <numerusform>{count} files can&apos;t be read</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied {count} item(s) as text.</source>
        <translation>
            <numerusform>Copied {count} item as text.</numerusform>
            <numerusform>Copied {count} items as text.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) offline</source>
        <translation>
            <numerusform>{count} file offline</numerusform>
            <numerusform>{count} files offline</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) will be read again.</source>
        <translation>
            <numerusform>{count} file will be read again.</numerusform>
            <numerusform>{count} files will be read again.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} folder(s)</source>
        <translation>
            <numerusform>{count} folder</numerusform>
            <numerusform>{count} folders</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} picture(s) and page(s)</source>
        <translation>
            <numerusform>{count} picture or page</numerusform>
            <numerusform>{count} pictures and pages</numerusform>
        </translation>
    </message>
</context>
</TS>
