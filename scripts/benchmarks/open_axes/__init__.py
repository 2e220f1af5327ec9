"""Whether pruned files with open axes are right at other sizes than those they were pruned at, judged by own code."""
