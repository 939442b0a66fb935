#!/bin/sh
# Installs imagefinder for this user, or removes it with --uninstall. Pictures and the library are not changed.
set -eu

data=${XDG_DATA_HOME:-$HOME/.local/share}
home=$data/imagefinder-program # the library is in $data/imagefinder
bin=$HOME/.local/bin
id=io.github.imagefinder.imagefinder

remove() {
    rm -rf "$home"
    rm -f "$bin/imagefinder" "$data/applications/imagefinder.desktop" "$data/metainfo/$id.metainfo.xml"
    find "$data/icons/hicolor" -name "imagefinder.???" -delete 2>/dev/null || true
}

refresh() {
    update-desktop-database "$data/applications" 2>/dev/null || true
    gtk-update-icon-cache -q -t "$data/icons/hicolor" 2>/dev/null || true
}

case ${1:-} in
--uninstall)
    remove
    refresh
    echo "imagefinder is uninstalled. Your library is still in $data/imagefinder; delete that folder to remove it as well."
    exit
    ;;
"") ;;
*)
    echo "Usage: ./install.sh [--uninstall]" >&2
    exit 2
    ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
if [ "$here" = "$home" ]; then
    echo "imagefinder is already installed in $home." >&2
    exit 2
fi
remove
mkdir -p "$home" "$bin" "$data/applications" "$data/metainfo" "$data/icons"
cp -R "$here/." "$home"
ln -s "$home/imagefinder" "$bin/imagefinder"
# Use the full path, because ~/.local/bin may not be on the desktop's PATH. Quote it, because it may contain spaces.
sed -e "s|^Exec=imagefinder|Exec=\"$home/imagefinder\"|" -e "s|^TryExec=.*|TryExec=$home/imagefinder|" \
    "$home/share/imagefinder.desktop" >"$data/applications/imagefinder.desktop"
cp "$home/share/$id.metainfo.xml" "$data/metainfo"
cp -R "$home/share/icons/." "$data/icons"
refresh
echo "imagefinder is installed. Start it from your applications menu, or as $bin/imagefinder."
echo "To uninstall it: $home/install.sh --uninstall"
