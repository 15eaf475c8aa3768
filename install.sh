#!/bin/sh
# Install git-xsa from this checkout, for one user and without touching the system; see usage() below.
#
# Everything that is made is written down in a manifest before it is made, so that --uninstall removes exactly that,
# even after an installation that was cut short.  A file of the same name that somebody else put there is never
# overwritten: the installation ends before anything is placed.
set -eu

usage() {
    cat <<'END'
usage: ./install.sh [--prefix DIR] [--newest] [--demo [FOLDER]]
   or: ./install.sh [--prefix DIR] --uninstall

    --prefix DIR     install under DIR (default: ~/.local)
    --newest         take the newest libraries that the index has instead of those of requirements.lock
    --uninstall      remove exactly what was installed
    --demo [FOLDER]  install, then write a demonstration repository and show the commands at work on it
    -h               print this

The commands get a virtual environment of their own under DIR/share/git-xsa. PYTHON=<path> in the environment chooses
the interpreter, which must be 3.10 or later.
END
}

say() {
    printf '%s\n' "$1"
}

die() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/hint: /' >&2
    exit 1
}

tab=$(printf '\t')
newline='
'

# folders: set the variables that say where things go.
folders() {
    if [ -n "$prefix" ]; then
        case $prefix in
            /*) ;;
            *) prefix=$PWD/$prefix ;;
        esac
        [ $action = install ] || [ -d "$prefix" ] || die "there is no folder $prefix"
        mkdir_recorded "$prefix"
        prefix=$(cd "$prefix" && pwd)
        data=$prefix/share
    else
        [ -n "${HOME-}" ] || die "HOME is not set" "say where to install: ./install.sh --prefix DIR"
        prefix=$HOME/.local
        data=${XDG_DATA_HOME:-$HOME/.local/share}
    fi
    case $prefix$data in
        *"$newline"* | *"$tab"*) die "the path '$prefix' has a tab or a newline in it" ;;
    esac
    own=$data/git-xsa
    venv=$own/venv
    manifest=$own/manifest
}

# record <kind> <path>: write into the manifest that this is ours; before the manifest's folder exists, remember it.
record() {
    line="$1 $2"
    if [ -d "${own-}" ]; then
        [ -z "$pending" ] || printf '%s' "$pending" >>"$manifest"
        pending=
        grep -Fxq "$line" "$manifest" 2>/dev/null || printf '%s\n' "$line" >>"$manifest"
    else
        pending=$pending$line$newline
    fi
}

# mkdir_recorded <folder>: make it and its parents, each one recorded.
mkdir_recorded() {
    [ ! -d "$1" ] || return 0
    mkdir_recorded "$(dirname "$1")"
    mkdir "$1" || die "can't make the folder $1"
    record dir "$1"
}

# planned <kind> <source> <target>: print the plan's line for a file, unless it is a pattern that matched none.
planned() {
    [ ! -e "$2" ] || printf '%s\t%s\t%s\n' "$1" "$2" "$3"
}

# plan: print one line for each file to place: kind, source, target.
plan() {
    for file in "$venv"/bin/git-xsa*; do
        planned link "$file" "$prefix/bin/${file##*/}"
    done
    for file in "$here"/man/*.[1-9]; do
        planned file "$file" "$prefix/share/man/man${file##*.}/${file##*/}"
    done
    for file in "$here"/hooks/*; do
        planned script "$file" "$own/hooks/${file##*/}"
    done
    for folder in bash-completion/completions zsh/site-functions fish/vendor_completions.d fish/vendor_conf.d; do
        for file in "$venv/share/$folder"/*git-xsa*; do
            planned file "$file" "$data/$folder/${file##*/}"
        done
    done
}

# make_environment: the virtual environment with the package in it, which brings its completions along.
make_environment() {
    if [ ! -d "$own" ]; then
        mkdir_recorded "$own"
        # The commands keep embargoed advisories under the same name, if it is the user's own folder.
        [ "$prefix" != "${HOME-}/.local" ] || chmod 700 "$own"
    fi
    record tree "$venv"
    "$here/tools/make-venv" "$venv"
    # setuptools would leave its traces in the checkout, so it is given a copy.
    mkdir "$scratch/source"
    for part in git_xsa man hooks pyproject.toml setup.py README.md LICENSE; do
        [ ! -e "$here/$part" ] || cp -R "$here/$part" "$scratch/source/"
    done
    find "$scratch/source" -name __pycache__ -type d -prune -exec rm -rf {} +
    say "installing git-xsa and the libraries it uses into $venv"
    "$here/tools/install-libraries" "$venv/bin/python" build ${newest:+"$newest"} \
        || die "pip could not install the libraries that git-xsa uses" \
            "it needs PyPI or a mirror of it; HTTPS_PROXY, PIP_INDEX_URL and PIP_CERT are heeded
if that lacks a file of requirements.lock, ./install.sh --newest takes the newest ones that it has"
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-index --no-deps \
        --no-build-isolation --force-reinstall "$scratch/source" \
        || die "git-xsa could not be built"
}

# is_our_link <path>: does it point into our virtual environment?
is_our_link() {
    case $(readlink "$1" 2>/dev/null) in
        "$venv"/*) return 0 ;;
    esac
    return 1
}

# refuse_conflicts: stop if a file to place is there and not ours.
refuse_conflicts() {
    while IFS=$tab read -r kind source target; do
        [ -e "$target" ] || [ -L "$target" ] || continue
        if [ "$kind" = link ]; then
            is_our_link "$target" && continue
        else
            grep -Fxq "file $target" "$manifest" && continue
        fi
        die "$target exists and was not put there by this script" "move it away, then run this again"
    done <"$scratch/plan"
}

# place: put everything where the plan says.
place() {
    while IFS=$tab read -r kind source target; do
        mkdir_recorded "${target%/*}"
        case $kind in
            link)
                record link "$target"
                ln -sf "$source" "$target"
                ;;
            *)
                record file "$target"
                rm -f "$target"
                cp "$source" "$target"
                mode=644
                [ "$kind" != script ] || mode=755
                chmod "$mode" "$target"
                ;;
        esac
    done <"$scratch/plan"
}

# remove_stale: remove what an earlier version placed and this one has no more.
remove_stale() {
    cut -f 3 "$scratch/plan" >"$scratch/targets"
    while read -r kind path; do
        case $kind in
            link | file)
                if ! grep -Fxq "$path" "$scratch/targets"; then
                    rm -f "$path"
                    continue
                fi
                ;;
        esac
        printf '%s %s\n' "$kind" "$path"
    done <"$manifest" >"$scratch/manifest"
    cp "$scratch/manifest" "$manifest"
}

# advise: say what the user's shell doesn't know yet.
advise() {
    say "git-xsa is installed: 'git xsa' lists the commands."
    case :$PATH: in
        *":$prefix/bin:"*) ;;
        *)
            say "$prefix/bin is not on your PATH. Put this line into ~/.profile and log in again:"
            say "    export PATH=\"$prefix/bin:\$PATH\""
            ;;
    esac
    page=$prefix/share/man/man1/git-xsa-check.1
    if [ -e "$page" ] && command -v man >/dev/null 2>&1 \
        && ! PATH=$prefix/bin:$PATH man -w git-xsa-check >/dev/null 2>&1; then
        say "man does not look into $prefix/share/man. Put this line into ~/.profile, too:"
        say "    export MANPATH=\"$prefix/share/man:\${MANPATH-}\""
    fi
    advise_zsh
}

# advise_zsh: zsh looks into no folder of a user's by itself, so its users get a note, unless their .zshrc names ours.
advise_zsh() {
    case ${SHELL-} in
        */zsh) ;;
        *) return 0 ;;
    esac
    functions=$data/zsh/site-functions
    ! grep -Fqs "$functions" "${ZDOTDIR:-${HOME-}}/.zshrc" || return 0
    # shellcheck disable=SC2016 # $fpath is zsh's
    ! zsh -f -c 'print -rl -- $fpath' 2>/dev/null | grep -Fxq "$functions" || return 0
    say "For completions put this line into ~/.zshrc, before compinit is called:"
    say "    fpath=('$functions' \$fpath)"
}

install() {
    command -v git >/dev/null 2>&1 || die "git is not installed" "install git 2.34 or later first"
    make_environment
    plan >"$scratch/plan"
    refuse_conflicts
    place
    remove_stale
}

# remove_entry <kind> <path>: remove one thing of the manifest, if it still is what was installed.
remove_entry() {
    case $1 in
        file) rm -f "$2" ;;
        link) ! is_our_link "$2" || rm -f "$2" ;;
        tree) [ "$2" != "$venv" ] || rm -rf "$2" ;;
    esac
}

uninstall() {
    [ -f "$manifest" ] || die "git-xsa is not installed under $prefix" "say where it is: ./install.sh --prefix DIR --uninstall"
    cp "$manifest" "$scratch/manifest"
    while read -r kind path; do
        remove_entry "$kind" "$path"
    done <"$scratch/manifest"
    rm -f "$manifest"
    # The deepest folders first; one that holds something else by now stays.
    sed -n 's/^dir //p' "$scratch/manifest" | sort -r | while read -r folder; do
        rmdir "$folder" 2>/dev/null || true
    done
    say "git-xsa is removed."
}

# clean_up: a first installation that fails leaves nothing behind.
clean_up() {
    if [ $first_time = true ] && [ $action = install ] && [ -e "$manifest" ]; then
        uninstall >/dev/null
    fi
    rm -rf "$scratch"
}

prefix=
action=install
newest=
demo=false
demo_folder=
pending=
first_time=false
while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ -n "${2-}" ] || die "--prefix needs a folder"
            prefix=$2
            shift
            ;;
        --prefix=?*) prefix=${1#--prefix=} ;;
        --newest) newest=--newest ;;
        --uninstall) action=uninstall ;;
        --demo)
            demo=true
            case ${2--} in
                -*) ;;
                *)
                    demo_folder=$2
                    shift
                    ;;
            esac
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            printf 'error: unknown argument: %s\n' "$1" >&2
            usage >&2
            exit 129
            ;;
    esac
    shift
done
[ $action = install ] || [ $demo = false ] || die "--demo and --uninstall do not go together"

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A variable of the user's Python set-up must not reach the private one.
unset PYTHONHOME PYTHONPATH
PIP_USER=0
export PIP_USER

folders
trap clean_up EXIT
[ -e "$manifest" ] || first_time=true
$action
first_time=false
status=0
if [ $demo = true ]; then
    PATH=$prefix/bin:$PATH git-xsa-demo ${demo_folder:+"$demo_folder"} || status=$?
    say ""
fi
# Last, so that it stays in sight.
[ $action = uninstall ] || advise
(exit $status)
