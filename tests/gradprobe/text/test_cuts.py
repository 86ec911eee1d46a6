"""What is said of a place where the gradient ends."""

from gradprobe.text.cuts import words_for
from gradprobe.values import GradCut, Site


def fix(kind, code):
    site = Site("/home/me/train.py", 3, "main", code)
    return words_for(GradCut(1, kind, site, kind, site)).fix


def test_the_fix_of_a_detach_holds_on_the_way_to_numpy_too():
    """`x.detach().numpy()` raises without detach(): there it is the way through NumPy that is to be undone."""
    words = fix("detach", "y = torch.from_numpy(x.detach().numpy())")
    assert words == fix("detach", "y = x.detach()")
    assert words == "use the tensor itself here, without detach() or NumPy"


def test_a_decorator_is_named_without_its_comment():
    assert "remove the decorator @torch.no_grad();" in fix("no_grad", "@torch.no_grad()  # for speed")
